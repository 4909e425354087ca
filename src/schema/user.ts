import { hash } from 'node:crypto';
import { badUserInput, codedError } from '../errors/coded-error.ts';
import { DISCORD_ID_FORM, isDiscordId, MAX_NAME, usable } from '../luaauth/decoders.ts';
import {
  blacklistUser,
  editUser,
  getUser,
  type User as UserShape,
  unblacklistUser,
} from '../luaauth/users.ts';
import { eachKeyOf } from '../plan/cost.ts';
import { checkKey, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { byId, byIds } from './by-id.ts';
import { defineMutation } from './define-mutation.ts';
import { loadableRef } from './loader.ts';
import { idField } from './mutation-input.ts';
import { refusalType } from './refusal.ts';

const Blacklist = builder.objectRef<UserShape>('Blacklist').implement({
  scopes: 'inherited',
  description: 'Why and until when a user is blacklisted.',
  fields: (t) => ({
    reason: t.exposeString('blacklist_reason', {
      nullable: true,
      description: 'The reason that was given; null: none.',
    }),
    expiresAt: t.expose('blacklist_expires', {
      type: 'DateTime',
      nullable: true,
      description: 'When the blacklisting ends; null: never.',
    }),
  }),
});

/** The hash is safe to show: a key has 24 hexadecimal digits, too many to try. */
function opaqueId(key: string): string {
  return hash('sha256', `luaauth-graphql user ${key}`, 'base64url');
}

export const User = loadableRef('User', (api, user_key) => getUser(api, { user_key }));

const READ = { scopes: ['users:read'], cost: getUser, entityKey: { field: 'key', check: checkKey } } as const;

builder.objectType(User, {
  ...READ,
  description:
    'A licence key and its user. The API does not tell the project of a key. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.id({
      description:
        'An id for caches, a hash of the key that does not reveal it. It is the same in all gateways and stays as long as the key. No argument accepts it.',
      resolve: (user) => opaqueId(usable(user, 'key')),
    }),
    key: t.exposeID('key', { description: 'The licence key. It is a secret.' }),
    discordId: t.exposeID('discord_id', {
      nullable: true,
      description: "The user's id on Discord: exact digits; null: not linked.",
    }),
    fingerprintAssigned: t.exposeBoolean('fingerprint_assigned', {
      description: 'Whether the key is bound to a machine.',
    }),
    executor: t.exposeString('executor', {
      nullable: true,
      description: 'The program in which the user runs scripts; null: not known.',
    }),
    executions: t.expose('executions', {
      type: 'SafeInt',
      description: 'How often the user has executed scripts.',
    }),
    keyExpiresAt: t.expose('key_expires', {
      type: 'DateTime',
      nullable: true,
      description: 'When the key expires; null: never.',
    }),
    lastResetAt: t.expose('last_reset', {
      type: 'DateTime',
      nullable: true,
      description: 'When the fingerprint was last reset; null: never.',
    }),
    totalFingerprintResets: t.expose('total_fingerprint_resets', {
      type: 'SafeInt',
      description: 'How often the fingerprint has been reset.',
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: "The account's note about the user; null: none.",
    }),
    blacklist: t.field({
      type: Blacklist,
      nullable: true,
      description: 'Why and until when the user is blacklisted; null: not blacklisted. Costs nothing more.',
      resolve: (user) => (usable(user, 'blacklisted') ? user : null),
    }),
    fingerprint: t.exposeString('luaauth_fingerprint', {
      nullable: true,
      description:
        'The part of the fingerprint that the API shows: one line each for ip, fingerprint and executor; null: none.',
      scopes: ['secrets:read'],
    }),
  }),
});

byId('user', User, READ, {
  description:
    'One user by licence key. A key that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  argument: 'The licence key.',
});

byIds(User, READ, 'The licence keys.');

builder.queryFields((t) => ({
  usersByDiscordId: t.field({
    type: [User],
    nullable: { list: true, items: true },
    description:
      "The users whose licence keys the operator's table (`USERS_FILE`) gives to a Discord id. An unknown id gives an empty list. A user that cannot be read is null, with an error at its index. The field is an error if there is no table, or if callers send their own LuaAuth keys. Costs one REST call for each key.",
    scopes: ['users:read'],
    cost: { endpoint: getUser, ...eachKeyOf('discordId') },
    args: { discordId: t.arg.id({ required: true, description: 'The id on Discord, in digits.' }) },
    resolve: (_root, { discordId }, { caller, users }) => {
      // Refuses callers without a credential, who may not learn which ids the table has.
      void caller.api;
      if (!users) throw NO_TABLE;
      if (!isDiscordId(discordId))
        throw badUserInput('discordId', `it is not a Discord id. Give ${DISCORD_ID_FORM}.`);
      return users.get(discordId)?.slice() ?? [];
    },
  }),
}));

const NO_TABLE = codedError(
  'FORBIDDEN',
  'This gateway finds no user by Discord id. Its operator can change that: set LUAAUTH_TOKEN, so that callers do not send their own LuaAuth keys, and USERS_FILE, the table of Discord ids. Or ask for user(key:).',
);

for (const reason of ['already blacklisted', 'not blacklisted'] as const) {
  builder.objectField(refusalType(reason), 'user', (t) =>
    t.field({
      type: User,
      nullable: true,
      description: 'The user, for one more REST call. Null, with an error here, if the user cannot be read.',
      scopes: ['users:read'],
      cost: getUser,
      resolve: ({ params }) => params.user_key as string,
    }),
  );
}

const again = { type: User, noun: 'user', scope: 'users:read', endpoint: getUser } as const;

const MAX_NOTE = 255;

const key = idField('user_key', 'The licence key.', checkKey);
const toMs = (_argument: string, value: Date): number => value.getTime();

defineMutation({
  name: 'editUser',
  effect: 'sets',
  description:
    'Changes the Discord id, the expiry and the note of a user. An absent field stays as it is; null clears it. Repeating it has no further effect. Costs one REST call, two when the user is selected.',
  scope: 'users:write',
  endpoint: editUser,
  isEdit: true,
  input: {
    description: 'The changes to a user. An absent field stays as it is; null clears it.',
    fields: {
      key,
      discordId: {
        type: 'ID',
        wire: 'discord_id',
        description: "The user's id on Discord, in digits. Null unlinks the user.",
        ofNull: 'clears',
        write: checkDigits,
      },
      keyExpiresAt: {
        type: 'DateTime',
        wire: 'key_expires',
        description: 'When the key expires. Null: never.',
        ofNull: 'clears',
        write: toMs,
      },
      note: {
        type: 'String',
        wire: 'note',
        description: `A note of at most ${MAX_NOTE} characters. Null or an empty string clears it.`,
        ofNull: 'clears',
        write: checkNote,
      },
    },
  },
  success: { description: 'LuaAuth has changed the user.', reads: again },
});

function checkDigits(argument: string, value: string): string {
  if (!isDiscordId(value))
    throw badUserInput(argument, `it is not a Discord id. Give ${DISCORD_ID_FORM}, or null to clear it.`);
  return value;
}

/** Counts characters, not UTF-16 units. */
function checkNote(argument: string, value: string): string {
  const { length } = [...checkWellFormed(argument, value)];
  if (length > MAX_NOTE)
    throw badUserInput(argument, `it has ${length} characters. At most ${MAX_NOTE} are allowed.`);
  return value;
}

defineMutation({
  name: 'blacklistUser',
  effect: 'ends',
  description:
    "Bans a user: LuaAuth blacklists the user, and according to its help also the user's IP address. If the user is blacklisted already, the old reason and end stay: unblacklist first. LuaAuth does not document whether it ends sessions. Costs one REST call, two when the user is selected.",
  scope: 'users:write',
  endpoint: blacklistUser,
  input: {
    description: 'The user to blacklist, why and until when.',
    // An absent member is not sent, because the meaning of null is not documented here.
    fields: {
      key,
      reason: {
        type: 'String',
        wire: 'reason',
        description: 'The reason. Absent or null: none.',
        write: (argument: string, reason: string) => checkWellFormed(argument, reason, MAX_NAME),
      },
      expiresAt: {
        type: 'DateTime',
        wire: 'expires',
        description: 'When the blacklisting ends. Absent or null: never.',
        write: toMs,
      },
    },
  },
  success: { description: 'LuaAuth has blacklisted the user.', reads: again },
});

defineMutation({
  name: 'unblacklistUser',
  effect: 'sets',
  description:
    'Ends the blacklisting of a user. A user who is not blacklisted stays unchanged. Costs one REST call, two when the user is selected.',
  scope: 'users:write',
  endpoint: unblacklistUser,
  input: { description: 'The user to unblacklist.', fields: { key } },
  success: { description: 'LuaAuth has ended the blacklisting.', reads: again },
});
