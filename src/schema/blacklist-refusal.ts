import { needs, needsNothingMore } from '../callers/needs.ts';
import type { EditRefusal } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { builder } from './builder.ts';
import { isType, Refusal } from './refusal.ts';
import { User } from './user.ts';

type BlacklistRefusalName = 'AlreadyBlacklisted' | 'NotBlacklisted';

interface BlacklistRefusal extends EditRefusal {
  readonly userKey: string;
}

export const AlreadyBlacklisted = blacklistRefusal('AlreadyBlacklisted', 'The user is blacklisted already.');

export const NotBlacklisted = blacklistRefusal('NotBlacklisted', 'The user is not blacklisted.');

/** A refusal that says how things stand already. */
function blacklistRefusal(name: BlacklistRefusalName, state: string) {
  return builder.objectRef<BlacklistRefusal>(name).implement({
    extensions: needsNothingMore,
    description: `${state} Repeating it changed nothing: \`user\` shows how it stands.`,
    interfaces: [Refusal],
    isTypeOf: isType(name),
    fields: (t) => ({
      user: t.field({
        type: User,
        nullable: true,
        description:
          'The user; that costs one REST call. Null, with an error here, if the user cannot be read.',
        extensions: { ...needs('users:read'), ...costs('GET /users/:user_key') },
        resolve: ({ userKey }) => userKey,
      }),
    }),
  });
}

/** The result of a write, with the key by which the user can be read. */
export function withUserKey<Result extends object>(result: Result, userKey: string) {
  return { ...result, userKey };
}
