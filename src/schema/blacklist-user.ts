import { needs } from '../callers/needs.ts';
import type { RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { blacklistUser } from '../luaauth/users.ts';
import type { WireBlacklist } from '../luaauth/wire.ts';
import { checkKey, checkWellFormed } from './argument.ts';
import { AlreadyBlacklisted, withUserKey } from './blacklist-refusal.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation } from './mutation.ts';
import { AccountExpired, InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';
import { type UserSuccess, userSuccess } from './user-success.ts';

const INPUT_NAMES = { user_key: 'key', reason: 'reason', expires: 'expiresAt' };

const BlacklistUserSuccess = userSuccess('BlacklistUserSuccess', 'LuaAuth has blacklisted the user.');

const BlacklistUserResult = builder.unionType('BlacklistUserResult', {
  description: 'What came of blacklistUser.',
  types: [
    BlacklistUserSuccess,
    AlreadyBlacklisted,
    AccountExpired,
    InvalidFields,
    NotPermitted,
    UnknownRefusal,
  ],
  resolveType: resolveResultType,
});

const BlacklistUserInput = builder.inputType('BlacklistUserInput', {
  description: 'The user to keep out, why and until when.',
  fields: (t) => ({
    key: t.id({ required: true, description: 'The licence key.' }),
    reason: t.string({ description: 'Why. Absent or null: not said.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends. Absent or null: never.' }),
  }),
});

builder.mutationFields((t) => ({
  blacklistUser: t.field({
    type: BlacklistUserResult,
    description:
      'Keeps a user out. One who is kept out already stays so as before, also with another reason or end: unblacklist first. Whether it ends sessions is not documented. Costs one REST call, two when the user is selected.',
    extensions: { ...needs('users:write'), ...costs('POST /users/:user_key/blacklist') },
    args: {
      input: t.arg({ type: BlacklistUserInput, required: true, description: 'The user to keep out.' }),
    },
    resolve: async (_root, { input }, context) => {
      const key = checkKey('input.key', input.key);
      const blacklist = readBlacklist(input);
      const result = await runMutation<UserSuccess<'BlacklistUserSuccess'>, RefusalResult>(
        context,
        { type: 'BlacklistUserSuccess', userKey: key },
        (api) => blacklistUser(api, { user_key: key }, blacklist),
        INPUT_NAMES,
      );
      return withUserKey(result, key);
    },
  }),
}));

/** A member that is not said is not sent: what null means here is not documented. */
function readBlacklist({ reason, expiresAt }: typeof BlacklistUserInput.$inferInput): WireBlacklist {
  return {
    ...(reason != null && { reason: checkWellFormed('input.reason', reason) }),
    ...(expiresAt != null && { expires: expiresAt.getTime() }),
  };
}
