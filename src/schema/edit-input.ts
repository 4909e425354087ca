import { badUserInput } from '../errors/coded-error.ts';
import type { InputNames, RefusalResult } from '../errors/refusals.ts';
import { checkWellFormed } from './argument.ts';

/** An input field of an edit, and how it is sent. */
export interface EditField {
  readonly wireName: string;
  /** Whether null clears it: the API does so by an empty string. */
  readonly isClearable?: boolean;
  /** What is sent of a value that is not null. @throws BAD_USER_INPUT */
  readonly write?: (argument: string, value: never) => unknown;
}

export type EditFields = Readonly<Record<string, EditField>>;

/** What is sent of an edit: an absent field stays as it is, null clears it where it can be cleared. */
export function readEdit<WireEdit extends object>(input: object, fields: EditFields): WireEdit {
  const edit: Record<string, unknown> = {};
  for (const [name, { wireName, isClearable = false, write = asItIs }] of Object.entries(fields)) {
    const value = (input as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    const argument = `input.${name}`;
    if (value === null && !isClearable)
      throw badUserInput(argument, 'null is not allowed. Leave the field out to keep it as it is.');
    edit[wireName] = value === null ? '' : write(argument, value as never);
  }
  return edit as WireEdit;
}

/** By which the API's words on a field find the input field. */
export function inputNamesOf(fields: EditFields, others: InputNames): InputNames {
  const pairs = Object.entries(fields).map(([name, { wireName }]) => [wireName, name]);
  return { ...others, ...Object.fromEntries(pairs) };
}

/** What the gateway says itself to an edit that names nothing. */
export function nothingToEdit(fields: EditFields): RefusalResult {
  const names = Object.keys(fields).join(', ');
  return { type: 'NothingToEdit', message: `cannot edit nothing: give at least one of ${names}` };
}

const asItIs = (_argument: string, value: unknown) => value;

/** Text that cannot be cleared, so that it must not be empty either. */
export function settingText(argument: string, value: string): string {
  if (value === '') throw badUserInput(argument, 'it is empty. Leave the field out to keep it as it is.');
  return checkWellFormed(argument, value);
}
