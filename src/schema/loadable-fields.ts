import type { FieldKind, SchemaTypes } from '@pothos/core';
import type { Context } from '../context.ts';
import { eachIn } from '../plan/cost.ts';
import { readEach } from './argument.ts';
import { pothos } from './pothos.ts';

/** A type whose objects are read by a key: see `loadableRef`. */
export interface Loadable {
  readonly name: string;
  /** The type in a sentence, such as "ad system". */
  readonly noun: string;
  readonly key: 'id' | 'key';
  /** Returns the key in the form that is sent. @throws BAD_USER_INPUT */
  readonly check: (argument: string, given: string) => string;
  /** The loader of an operation, which reads an object by its key. */
  readonly loaderOf: (context: Context) => { load(key: string): Promise<object> };
}

declare global {
  export namespace PothosSchemaTypes {
    interface RootFieldBuilder<Types extends SchemaTypes, ParentShape, Kind> {
      /** A field that reads an object by its key: `script: t.one(Script, { description: '…' })`. */
      one(type: Loadable, options: { readonly description: string }): FieldRef<Types, unknown, Kind>;
      /** A field that reads several objects. An object that cannot be read is null, with an error at its index. */
      several(type: Loadable, options: { readonly costs: string }): FieldRef<Types, unknown, Kind>;
      /** The field that the Relay compiler needs for `@refetchable` fragments: `fetch__Script: t.refetch(Script)`. */
      refetch(type: Loadable): FieldRef<Types, unknown, Kind>;
      /** A field of a successful write that reads the written object, whose key `keyOf` gives. */
      readAgain(type: Loadable, keyOf: (source: ParentShape) => string): FieldRef<Types, unknown, Kind>;
    }
  }
}

/** The key in a description. */
function describeKey({ key, noun }: Loadable): string {
  return key === 'id' ? `The id of the ${noun}` : 'The licence key';
}

function describeKeys({ key, noun }: Loadable): string {
  return key === 'id' ? `The ids of the ${noun}s` : 'The licence keys';
}

type Given<Value> = Readonly<Record<string, Value>>;

/** Pothos infers the types of a field from its type, which is not known here. */
function fieldOfType(t: Builder, options: object) {
  return t.field(options as never);
}

function read(t: Builder, type: Loadable, description: string, argument: string) {
  const { key, check } = type;
  return fieldOfType(t, {
    type,
    nullable: true,
    description,
    reads: {},
    args: { [key]: t.arg.id({ required: true, description: argument }) },
    resolve: (_root: unknown, args: Given<string>) => check(key, args[key] as string),
  });
}

type Builder = PothosSchemaTypes.RootFieldBuilder<SchemaTypes, unknown, FieldKind>;

// Pothos' own plugins extend the prototypes of its builders too: this is how the dataloader plugin adds `t.loadable`.
Object.assign(pothos.RootFieldBuilder.prototype, {
  one(this: Builder, type: Loadable, { description }: { readonly description: string }) {
    return read(this, type, description, `${describeKey(type)}.`);
  },

  refetch(this: Builder, type: Loadable) {
    const { name, key } = type;
    return read(
      this,
      type,
      `The same as \`${fieldOf(name)}\`, under the name that the Relay compiler needs for \`@refetchable\` fragments on ${name}. Costs one REST call.`,
      `${describeKey(type)}, as in \`${name}.${key}\`.`,
    );
  },

  several(this: Builder, type: Loadable, { costs }: { readonly costs: string }) {
    const { noun, key, check } = type;
    const keys = `${key}s`;
    return fieldOfType(this, {
      type: [type],
      nullable: { list: false, items: true },
      description: `Several ${noun}s in the order of ${keys}. A ${noun} that cannot be read is null, with an error at its index; the others stay. ${costs}`,
      reads: eachIn(keys),
      args: {
        [keys]: this.arg.idList({
          required: true,
          description: `${describeKeys(type)}. Repeating a value costs nothing.`,
        }),
      },
      resolve: (_root: unknown, args: Given<string[]>) => readEach(keys, args[keys] ?? [], check),
    });
  },

  readAgain(this: Builder, type: Loadable, keyOf: (source: unknown) => string) {
    return fieldOfType(this, {
      type,
      nullable: true,
      description: `The ${type.noun}, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded.`,
      reads: {},
      resolve: keyOf,
    });
  },
});

/** The name of a field that returns an object of a type, such as `adSystem`. */
export function fieldOf(type: string): string {
  return type.charAt(0).toLowerCase() + type.slice(1);
}
