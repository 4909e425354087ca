import type { FieldRef } from '@pothos/core';
import { type Provenance, unusable } from '../luaauth/decoders.ts';
import type { builder } from './builder.ts';

type Types = (typeof builder)['$inferSchemaTypes'];

/** The properties of a decoded object that are of a kind. */
type Property<Shape, Kind> = {
  [Key in keyof Shape]-?: Exclude<Shape[Key], undefined> extends Kind ? Key : never;
}[keyof Shape] &
  string;

type WireField<Shape, Kind> = (
  property: Property<Shape, Kind>,
  description: string,
  /** Its scopes, if those are not what the type says. */
  extensions?: Readonly<Record<string, unknown>>,
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
  | ReturnType<typeof setting<'Boolean', Property<Shape, boolean>>>
  | ReturnType<typeof setting<'SafeInt', Property<Shape, number>>>;

/** Fields that give a property of a decoded object as it is. One that the answer has not, or not so, is an error there. */
interface FieldsOfKinds<Shape, Null> {
  readonly id: WireField<Shape, string | number | Null>;
  readonly string: WireField<Shape, string | Null>;
  readonly boolean: WireField<Shape, boolean | Null>;
  readonly count: WireField<Shape, number | Null>;
  /** For what the API gives in ms since 1970. */
  readonly instant: WireField<Shape, number | Null>;
}

export interface WireFields<Shape> extends FieldsOfKinds<Shape, never> {
  readonly orNull: FieldsOfKinds<Shape, null>;
  readonly settings: (
    rows: Readonly<Record<string, SettingOf<Shape>>>,
  ) => Readonly<Record<string, FieldRef<Types>>>;
}

/** Makes fields of wire properties: `name: wire.string('name', "The script's name.")`. */
export function wireFields<Shape extends Provenance>(
  t: PothosSchemaTypes.ObjectFieldBuilder<Types, Shape>,
): WireFields<Shape> {
  const fieldOf =
    (type: 'ID' | 'String' | 'Boolean' | 'SafeInt' | 'DateTime', nullable: boolean) =>
    (property: string, description: string, extensions: Readonly<Record<string, unknown>> = {}) => {
      // As `usable` does, which every leaf would call.
      const resolve = (shape: Shape) => {
        const value = shape[property as keyof Shape];
        if (value === undefined) throw unusable(shape, property);
        return type === 'DateTime' && value !== null ? new Date(value as number) : value;
      };
      // `WireField` lets only properties in that are of the field's kind.
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
        Object.entries(rows).map(([name, { type, wire, description }]) => [
          name,
          fieldOf(type, false)(wire, description),
        ]),
      ),
  };
}
