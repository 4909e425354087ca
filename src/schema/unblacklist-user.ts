import { needs } from '../callers/needs.ts';
import type { RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { unblacklistUser } from '../luaauth/users.ts';
import { checkKey } from './argument.ts';
import { NotBlacklisted, withUserKey } from './blacklist-refusal.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation } from './mutation.ts';
import { AccountExpired, InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';
import { type UserSuccess, userSuccess } from './user-success.ts';

const UnblacklistUserSuccess = userSuccess('UnblacklistUserSuccess', 'LuaAuth no longer keeps the user out.');

const UnblacklistUserResult = builder.unionType('UnblacklistUserResult', {
  description: 'What came of unblacklistUser.',
  types: [
    UnblacklistUserSuccess,
    NotBlacklisted,
    AccountExpired,
    InvalidFields,
    NotPermitted,
    UnknownRefusal,
  ],
  resolveType: resolveResultType,
});

const UnblacklistUserInput = builder.inputType('UnblacklistUserInput', {
  description: 'The user to let in again.',
  fields: (t) => ({
    key: t.id({ required: true, description: 'The licence key.' }),
  }),
});

builder.mutationFields((t) => ({
  unblacklistUser: t.field({
    type: UnblacklistUserResult,
    description:
      'Lets a user in again. One who is not blacklisted stays as before. Costs one REST call, two when the user is selected.',
    extensions: { ...needs('users:write'), ...costs('POST /users/:user_key/unblacklist') },
    args: {
      input: t.arg({ type: UnblacklistUserInput, required: true, description: 'The user to let in again.' }),
    },
    resolve: async (_root, { input }, context) => {
      const key = checkKey('input.key', input.key);
      const result = await runMutation<UserSuccess<'UnblacklistUserSuccess'>, RefusalResult>(
        context,
        { type: 'UnblacklistUserSuccess', userKey: key },
        (api) => unblacklistUser(api, { user_key: key }),
        { user_key: 'key' },
      );
      return withUserKey(result, key);
    },
  }),
}));
