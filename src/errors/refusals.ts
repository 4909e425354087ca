import { Refused } from '../luaauth/refusal.ts';

/** A refusal as the schema's types show it: what any write can meet, and what only some can. */
export type RefusalResult = CommonRefusal | EditRefusal;
export type EditRefusal = {
  readonly type:
    | 'AccountExpired'
    | 'NothingToEdit'
    | 'TierTooLow'
    | 'DiscordAlreadyLinked'
    | 'AlreadyBlacklisted'
    | 'NotBlacklisted';
  readonly message: string;
};
export type CommonRefusal =
  | { readonly type: 'InvalidFields'; readonly message: string; readonly fields: readonly InvalidField[] }
  | { readonly type: 'NotPermitted'; readonly message: string; readonly reasons: readonly string[] }
  | { readonly type: 'UnknownRefusal'; readonly message: string; readonly code: number };

export interface InvalidField {
  readonly path: readonly string[];
  readonly messages: readonly string[];
}

/** The GraphQL input field behind each wire field of a mutation: `{ free_for_all: 'freeForAll' }`. */
export type InputNames = Readonly<Record<string, string>>;

/** A refusal of a mutation that the schema has a type for; undefined for everything else. */
export function asRefusal(error: unknown, names: InputNames): RefusalResult | undefined {
  if (!(error instanceof Refused)) return undefined;
  const { code } = error;
  const message = error.message || error.reason;
  switch (error.reason) {
    case 'account expired':
      return { type: 'AccountExpired', message };
    case 'nothing to edit':
      return { type: 'NothingToEdit', message };
    case 'tier too low':
      return { type: 'TierTooLow', message };
    case 'discord already linked':
      return { type: 'DiscordAlreadyLinked', message };
    case 'already blacklisted':
      return { type: 'AlreadyBlacklisted', message };
    case 'not blacklisted':
      return { type: 'NotBlacklisted', message };
    case 'invalid fields':
      return { type: 'InvalidFields', message, fields: error.fields.map((field) => named(field, names)) };
    case 'not permitted':
      return { type: 'NotPermitted', message, reasons: error.authorization };
    case 'undocumented':
      return { type: 'UnknownRefusal', message, code };
    case 'internal server error':
    case 'invalid endpoint':
      return undefined;
  }
}

function named(refused: Refused['fields'][number], names: InputNames): InvalidField {
  const field = Object.hasOwn(names, refused.field) ? names[refused.field] : refused.field;
  return { path: field ? ['input', field] : ['input'], messages: refused.messages };
}
