import { badUserInput } from '../errors/coded-error.ts';
import { MAX_NAME } from '../luaauth/decoders.ts';
import { checkFilled, checkId } from './argument.ts';
import { builder } from './builder.ts';
import type { InputNames } from './refusal.ts';

export interface InputField<Wire extends string = string> {
  readonly type: 'ID' | 'String' | 'Boolean' | 'DateTime' | 'SafeInt' | 'JSON' | ['ID'];
  /** The field's name in the path or payload of the REST call. */
  readonly wire: Wire;
  readonly description: string;
  readonly isRequired?: boolean;
  /** The meaning of null. By default `refused` in an edit, `left out` elsewhere. */
  readonly ofNull?: 'clears' | 'left out' | 'refused' | 'sent';
  /** Converts a value to its wire form. A method, so that each field may take the type of its own scalar. @throws BAD_USER_INPUT */
  write?(argument: string, value: unknown): unknown;
}

/** Properties that are both fields of a type and fields of the input that edits it. */
export type Settings = Readonly<Record<string, InputField>>;

export function idField<const Wire extends string>(wire: Wire, description: string, write = checkId) {
  return { type: 'ID', wire, description, isRequired: true, write } as const;
}

/** A name cannot be cleared, so it must not be empty. A name past `MAX_NAME` could not be read again. */
export function nameField(description: string) {
  const write = (argument: string, name: string) =>
    checkFilled(argument, name, 'at least one character', MAX_NAME);
  return { type: 'String', wire: 'name', description, write } as const;
}

interface InputOptions {
  readonly description: string;
  readonly fields: Readonly<Record<string, InputField>>;
  /** The wire names that are part of the path. All others are the payload. */
  readonly inPath: readonly string[];
  /** Whether null is refused where nothing else is said. */
  readonly isEdit: boolean;
}

/** The input type of a mutation, and how its values become the parameters and the payload of a REST call. */
export function defineInput(typeName: string, { description, fields, inPath, isEdit }: InputOptions) {
  const rows = Object.entries(fields);
  const type = builder.inputType(typeName, {
    description,
    fields: (t) =>
      Object.fromEntries(
        rows.map(([field, row]) => [
          field,
          t.field({ type: row.type, required: row.isRequired ?? false, description: row.description }),
        ]),
      ),
  });
  const names: InputNames = Object.fromEntries(rows.map(([field, { wire }]) => [wire, field]));

  /** Both by wire names. @throws BAD_USER_INPUT */
  const read = (given: Readonly<Record<string, unknown>>): [params: object, payload: object] => {
    const params: Record<string, unknown> = {};
    const payload: Record<string, unknown> = {};
    for (const [field, { wire, write, ofNull = isEdit ? 'refused' : 'left out' }] of rows) {
      const value = given[field];
      if (value === undefined || (value === null && ofNull === 'left out')) continue;
      const argument = `input.${field}`;
      if (value === null && ofNull === 'refused')
        throw badUserInput(argument, 'null is not allowed. Leave the field out to keep it as it is.');
      // The API clears a field by an empty string.
      const isCleared = value === null && ofNull === 'clears';
      const written = isCleared ? '' : write ? write(argument, value) : value;
      (inPath.includes(wire) ? params : payload)[wire] = written;
    }
    return [params, payload];
  };

  return { type, names, read };
}
