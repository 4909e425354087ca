import type { FieldRef } from '@pothos/core';
import { requiresScopes } from '../callers/scopes.ts';
import { type Provenance, unusable } from '../luaauth/decoders.ts';
import { checkWellFormed } from './argument.ts';
import type { Fields, Types } from './builder.ts';

type Property<Shape, Kind> = {
  [Key in keyof Shape]-?: Exclude<Shape[Key], undefined> extends Kind ? Key : never;
}[keyof Shape] &
  string;

type WireField<Shape, Kind> = (
  property: Property<Shape, Kind>,
  description: string,
  extensions?: Readonly<Record<string, unknown>>,
) => FieldRef<Types>;

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

type SettingOf<Shape> =
  | ReturnType<typeof setting<'Boolean', Property<Shape, boolean>>>
  | ReturnType<typeof setting<'SafeInt', Property<Shape, number>>>
  | ReturnType<typeof secretSetting<Property<Shape, string | null>>>;

/** A property that is missing, or has another type, is an error at its field. */
interface FieldsOfKinds<Shape, Null> {
  readonly id: WireField<Shape, string | number | Null>;
  readonly string: WireField<Shape, string | Null>;
  readonly boolean: WireField<Shape, boolean | Null>;
  readonly count: WireField<Shape, number | Null>;
  /** For times in ms since 1970. */
  readonly instant: WireField<Shape, number | Null>;
}

export interface WireFields<Shape> extends FieldsOfKinds<Shape, never> {
  readonly orNull: FieldsOfKinds<Shape, null>;
  readonly settings: (
    rows: Readonly<Record<string, SettingOf<Shape>>>,
  ) => Readonly<Record<string, FieldRef<Types>>>;
}

/** Makes fields of wire properties: `name: wire.string('name', "The script's name.")`. */
export function wireFields<Shape extends Provenance>(t: Fields<Shape>): WireFields<Shape> {
  const fieldOf =
    (type: 'ID' | 'String' | 'Boolean' | 'SafeInt' | 'DateTime', nullable: boolean) =>
    (property: string, description: string, extensions: Readonly<Record<string, unknown>> = {}) => {
      // Repeats the code of `usable`, as a call for every leaf would cost time.
      const resolve = (shape: Shape) => {
        const value = shape[property as keyof Shape];
        if (value === undefined) throw unusable(shape, property);
        return type === 'DateTime' && value !== null ? new Date(value as number) : value;
      };
      return t.field({ type, nullable, description, extensions, resolve: resolve as never });
    };
  const ofKinds = (nullable: boolean) => ({
    id: fieldOf('ID', nullable),
    string: fieldOf('String', nullable),
    boolean: fieldOf('Boolean', nullable),
    count: fieldOf('SafeInt', nullable),
    instant: fieldOf('DateTime', nullable),
  });
  return {
    ...ofKinds(false),
    orNull: ofKinds(true),
    settings: (rows) =>
      Object.fromEntries(
        Object.entries(rows).map(([name, row]) => [
          name,
          row.type === 'String'
            ? fieldOf('String', true)(row.wire, row.shown, requiresScopes('secrets:read'))
            : fieldOf(row.type, false)(row.wire, row.description),
        ]),
      ),
  };
}
