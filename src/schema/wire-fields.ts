import type { FieldRef } from '@pothos/core';
import { type Provenance, usable } from '../luaauth/decoders.ts';
import type { builder } from './builder.ts';

type Types = (typeof builder)['$inferSchemaTypes'];

/** The properties of a decoded object that are of a kind; with null among them for a field that is nullable. */
type Property<Shape, Kind, IsNullable> = {
  [Key in keyof Shape]-?: Exclude<Shape[Key], undefined> extends
    | Kind
    | (IsNullable extends true ? null : never)
    ? Key
    : never;
}[keyof Shape] &
  string;

interface FieldOptions<IsNullable> {
  readonly nullable?: IsNullable;
  /** Its cost, if that is not what the type says. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

type WireField<Shape, Kind> = <const IsNullable extends boolean = false>(
  property: Property<Shape, Kind, IsNullable>,
  description: string,
  options?: FieldOptions<IsNullable>,
) => FieldRef<Types>;

/** A property that is a field of a type, and one of the input by which it is edited. */
export function setting<const Type extends 'Boolean' | 'SafeInt', const Wire extends string>(
  type: Type,
  wire: Wire,
  description: string,
) {
  return { type, wire, description } as const;
}

type SettingOf<Shape> =
  | ReturnType<typeof setting<'Boolean', Property<Shape, boolean, false>>>
  | ReturnType<typeof setting<'SafeInt', Property<Shape, number, false>>>;

/** Fields that give a property of a decoded object as it is. One that the answer has not, or not so, is an error there. */
export interface WireFields<Shape> {
  readonly id: WireField<Shape, string | number>;
  readonly string: WireField<Shape, string>;
  readonly boolean: WireField<Shape, boolean>;
  readonly count: WireField<Shape, number>;
  /** For what the API gives in ms since 1970. */
  readonly instant: WireField<Shape, number>;
  readonly settings: (
    rows: Readonly<Record<string, SettingOf<Shape>>>,
  ) => Readonly<Record<string, FieldRef<Types>>>;
}

/** Makes fields of wire properties: `name: wire.string('name', "The script's name.")`. */
export function wireFields<Shape extends Provenance>(
  t: PothosSchemaTypes.ObjectFieldBuilder<Types, Shape>,
): WireFields<Shape> {
  const asItIs = (value: unknown) => value;
  const fieldOf =
    (
      type: 'ID' | 'String' | 'Boolean' | 'SafeInt' | 'DateTime',
      give: (value: unknown) => unknown = asItIs,
    ) =>
    (property: string, description: string, options: FieldOptions<boolean> = {}): FieldRef<Types> =>
      t.field({
        ...options,
        type,
        description,
        // `WireField` lets only properties in that are of the field's kind.
        resolve: ((shape: Shape) => give(usable(shape, property as keyof Shape & string))) as never,
      });
  return {
    id: fieldOf('ID'),
    string: fieldOf('String'),
    boolean: fieldOf('Boolean'),
    count: fieldOf('SafeInt'),
    instant: fieldOf('DateTime', (ms) => (ms === null ? null : new Date(ms as number))),
    settings: (rows) =>
      Object.fromEntries(
        Object.entries(rows).map(([name, { type, wire, description }]) => [
          name,
          fieldOf(type)(wire, description),
        ]),
      ),
  };
}
