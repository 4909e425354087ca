import { needs, needsNothingMore } from '../callers/needs.ts';
import { costs, costsEach, lengthOf } from '../limits/cost.ts';
import { usable, usableProperty } from '../luaauth/decoders.ts';
import { getUser, type User as UserShape } from '../luaauth/users.ts';
import { checkKey } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, loadBy } from './loader.ts';

const read = needs('users:read');

/** The operation's users. */
export const usersOf = defineLoader((api, key: string) => getUser(api, { user_key: key }));

const Blacklist = builder.objectRef<UserShape>('Blacklist').implement({
  extensions: needsNothingMore,
  description: 'That a user is kept out, why and until when.',
  fields: (t) => ({
    reason: t.string({
      nullable: true,
      description: 'Why, in the words of whoever did it; null: not said.',
      resolve: usableProperty('blacklist_reason'),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends; null: never.',
      resolve: (user) => toDate(usable(user, 'blacklist_expires')),
    }),
  }),
});

export const User = builder.loadableObjectRef<UserShape, string>('User', {
  load: (keys, context) => usersOf(context).loadMany(keys),
});
loadBy(User, usersOf);
User.implement({
  description:
    'A licence key and whom it belongs to. The API does not tell of which project. Reading it costs one REST call, however often it is selected.',
  extensions: { ...read, ...costs('GET /users/:user_key') },
  fields: (t) => ({
    key: t.id({
      description: 'The licence key. It is a secret.',
      extensions: read,
      resolve: usableProperty('key'),
    }),
    discordId: t.id({
      nullable: true,
      description: "The user's id on Discord: exact digits; null: not linked.",
      extensions: read,
      resolve: usableProperty('discord_id'),
    }),
    fingerprintAssigned: t.boolean({
      description: 'Whether the key is bound to a machine.',
      extensions: read,
      resolve: usableProperty('fingerprint_assigned'),
    }),
    executor: t.string({
      nullable: true,
      description: 'The program that the user runs scripts with; null: not known.',
      extensions: read,
      resolve: usableProperty('executor'),
    }),
    executions: t.field({
      type: 'SafeInt',
      description: 'How often the user has executed scripts.',
      extensions: read,
      resolve: usableProperty('executions'),
    }),
    keyExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the key expires; null: never.',
      extensions: read,
      resolve: (user) => toDate(usable(user, 'key_expires')),
    }),
    lastResetAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the fingerprint was last reset; null: never.',
      extensions: read,
      resolve: (user) => toDate(usable(user, 'last_reset')),
    }),
    totalFingerprintResets: t.field({
      type: 'SafeInt',
      description: 'How often the fingerprint has been reset.',
      extensions: read,
      resolve: usableProperty('total_fingerprint_resets'),
    }),
    note: t.string({
      nullable: true,
      description: 'What the account has noted about the user; null: nothing.',
      extensions: read,
      resolve: usableProperty('note'),
    }),
    blacklist: t.field({
      type: Blacklist,
      nullable: true,
      description: 'Why and until when the user is kept out; null: not blacklisted. Costs nothing more.',
      extensions: read,
      resolve: (user) => (usable(user, 'blacklisted') ? user : null),
    }),
    fingerprint: t.string({
      nullable: true,
      description:
        'What the API shows of the fingerprint: marks for ip, fingerprint and executor, a line each; null: none.',
      extensions: needs('secrets:read'),
      resolve: usableProperty('luaauth_fingerprint'),
    }),
  }),
});

builder.asEntity(User, {
  key: builder.selection<{ key: string }>('key'),
  resolveReference: ({ key }, context) => usersOf(context).load(key),
});

builder.queryFields((t) => ({
  user: t.field({
    type: User,
    nullable: true,
    description:
      'One user by licence key. A key that is unknown or belongs to another account is an error at this field. Costs one REST call.',
    extensions: { ...read, ...costs('GET /users/:user_key') },
    args: { key: t.arg.id({ required: true, description: 'The licence key.' }) },
    resolve: (_root, { key }) => checkKey('key', key),
  }),
  users: t.field({
    type: [User],
    nullable: { list: false, items: true },
    description:
      'Several users in the order of keys. One that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct key.',
    extensions: { ...read, ...costsEach('GET /users/:user_key', lengthOf('keys')) },
    args: {
      keys: t.arg.idList({
        required: true,
        description: 'The licence keys; one that is repeated costs nothing.',
      }),
    },
    resolve: (_root, { keys }, context) =>
      keys.map((key, index) => {
        try {
          return usersOf(context).load(checkKey(`keys[${index}]`, key));
        } catch (error) {
          return error as Error;
        }
      }) as never,
  }),
}));

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
