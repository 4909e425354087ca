import type { FieldRef } from '@pothos/core';
import type { Provenance } from '../luaauth/decoders.ts';
import { checkWellFormed } from './argument.ts';
import type { Fields, Types } from './builder.ts';

/** A property that is both a field of a type and a field of the input that edits it. */
export function setting<const Type extends 'Boolean' | 'SafeInt', const Wire extends string>(
  type: Type,
  wire: Wire,
  description: string,
) {
  return { type, wire, description } as const;
}

/** A secret text that null clears, with its description as a field and as an input field. */
export function secretSetting<const Wire extends string>(wire: Wire, shown: string, description: string) {
  return { type: 'String', wire, shown, description, ofNull: 'clears', write: checkWellFormed } as const;
}

type Setting = ReturnType<typeof setting> | ReturnType<typeof secretSetting>;

/** The fields of a type for its settings. */
export function exposeSettings<Shape extends Provenance>(
  t: Fields<Shape>,
  settings: Readonly<Record<string, Setting & { readonly wire: keyof Shape & string }>>,
): Readonly<Record<string, FieldRef<Types>>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, { type, wire, ...row }]) => [
      name,
      t.expose(
        wire as never,
        {
          type,
          ...('shown' in row
            ? { nullable: true, description: row.shown, scopes: ['secrets:read'] }
            : { description: row.description }),
        } as never,
      ),
    ]),
  );
}
