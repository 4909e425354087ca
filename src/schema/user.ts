import { hash } from 'node:crypto';
import { inheritsScopes, requiresScopes } from '../callers/scopes.ts';
import { usable } from '../luaauth/decoders.ts';
import { getUser, type User as UserShape, user } from '../luaauth/users.ts';
import { checkKey } from './argument.ts';
import { builder } from './builder.ts';
import { defineEntity } from './entity.ts';
import { refusalType } from './refusal.ts';
import { wireFields } from './wire-fields.ts';

const Blacklist = builder.objectRef<UserShape>('Blacklist').implement({
  extensions: inheritsScopes,
  description: 'That a user is kept out, why and until when.',
  fields: (t, wire = wireFields(t)) => ({
    reason: wire.string('blacklist_reason', 'Why, in the words of whoever did it; null: not said.', {
      nullable: true,
    }),
    expiresAt: wire.instant('blacklist_expires', 'When it ends; null: never.', { nullable: true }),
  }),
});

/** Nobody can try all keys in use: 24 hexadecimal digits have too many values. */
function opaqueId(key: string): string {
  return hash('sha256', `luaauth-graphql user ${key}`, 'base64url');
}

export const User = defineEntity('User', {
  key: 'key',
  check: checkKey,
  resource: user,
  read: getUser,
  scope: 'users:read',
  one: 'One user by licence key. A key that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  several: 'Costs one REST call for each distinct key.',
  description:
    'A licence key and whom it belongs to. The API does not tell of which project. Reading it costs one REST call, however often it is selected.',
  fields: (wire, t) => ({
    id: t.id({
      description:
        'An id for caches, made of the key, which it does not show. It is the same everywhere and as long as the key is; no argument takes it.',
      resolve: (user) => opaqueId(usable(user, 'key')),
    }),
    key: wire.id('key', 'The licence key. It is a secret.'),
    discordId: wire.id('discord_id', "The user's id on Discord: exact digits; null: not linked.", {
      nullable: true,
    }),
    fingerprintAssigned: wire.boolean('fingerprint_assigned', 'Whether the key is bound to a machine.'),
    executor: wire.string('executor', 'The program that the user runs scripts with; null: not known.', {
      nullable: true,
    }),
    executions: wire.count('executions', 'How often the user has executed scripts.'),
    keyExpiresAt: wire.instant('key_expires', 'When the key expires; null: never.', { nullable: true }),
    lastResetAt: wire.instant('last_reset', 'When the fingerprint was last reset; null: never.', {
      nullable: true,
    }),
    totalFingerprintResets: wire.count(
      'total_fingerprint_resets',
      'How often the fingerprint has been reset.',
    ),
    note: wire.string('note', 'What the account has noted about the user; null: nothing.', {
      nullable: true,
    }),
    blacklist: t.field({
      type: Blacklist,
      nullable: true,
      description: 'Why and until when the user is kept out; null: not blacklisted. Costs nothing more.',
      resolve: (user) => (usable(user, 'blacklisted') ? user : null),
    }),
    fingerprint: wire.string(
      'luaauth_fingerprint',
      'What the API shows of the fingerprint: marks for ip, fingerprint and executor, a line each; null: none.',
      { nullable: true, extensions: requiresScopes('secrets:read') },
    ),
  }),
});

for (const reason of ['already blacklisted', 'not blacklisted'] as const) {
  builder.objectField(refusalType(reason), 'user', (t) =>
    t.field({
      type: User,
      nullable: true,
      description:
        'The user; that costs one REST call. Null, with an error here, if the user cannot be read.',
      extensions: User.extensions,
      resolve: ({ params }) => params.user_key,
    }),
  );
}
