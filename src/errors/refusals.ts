import { type RefusalReason, type RefusalType, Refused, rowOf } from '../luaauth/refusal.ts';

/** A refusal as the schema's types show it. */
export interface RefusalResult {
  readonly type: RefusalType;
  readonly message: string;
  /** A fact of InvalidFields. */
  readonly fields: readonly InvalidField[];
  /** A fact of NotPermitted. */
  readonly reasons: readonly string[];
  /** A fact of UnknownRefusal. */
  readonly code: number;
}

export interface InvalidField {
  readonly path: readonly string[];
  readonly messages: readonly string[];
}

/** The GraphQL input field behind each wire field of a mutation: `{ free_for_all: 'freeForAll' }`. */
export type InputNames = Readonly<Record<string, string>>;

/** A refusal of a mutation that the schema has a type for; undefined for everything else. */
export function asRefusal(error: unknown, names: InputNames): RefusalResult | undefined {
  if (!(error instanceof Refused)) return undefined;
  const type = typeOf(error.reason);
  return (
    type && {
      type,
      message: error.message || error.reason,
      fields: error.fields.map((field) => named(field, names)),
      reasons: error.authorization,
      code: error.code,
    }
  );
}

/** The gateway's own refusal of an edit that names nothing. */
export function nothingToEdit(names: readonly string[]): RefusalResult {
  const message = `${rowOf('nothing to edit').message}: give at least one of ${names.join(', ')}`;
  return { type: 'NothingToEdit', message, fields: [], reasons: [], code: 0 };
}

function typeOf(reason: RefusalReason): RefusalType | undefined {
  return rowOf(reason).type as RefusalType | undefined;
}

function named(refused: Refused['fields'][number], names: InputNames): InvalidField {
  const field = Object.hasOwn(names, refused.field) ? names[refused.field] : refused.field;
  return { path: field ? ['input', field] : ['input'], messages: refused.messages };
}
