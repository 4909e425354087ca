import { needs } from '../callers/needs.ts';
import { badUserInput } from '../errors/coded-error.ts';
import type { RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { editUser } from '../luaauth/users.ts';
import type { WireUserEdit } from '../luaauth/wire.ts';
import { checkKey, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { type EditFields, inputNamesOf, nothingToEdit, readEdit } from './edit-input.ts';
import { resolveResultType, runMutation } from './mutation.ts';
import {
  AccountExpired,
  DiscordAlreadyLinked,
  InvalidFields,
  NothingToEdit,
  NotPermitted,
  UnknownRefusal,
} from './refusal.ts';
import { type UserSuccess, userSuccess } from './user-success.ts';

const MAX_NOTE = 255;

const FIELDS = {
  discordId: { wireName: 'discord_id', isClearable: true, write: checkDigits },
  keyExpiresAt: { wireName: 'key_expires', isClearable: true, write: toMs },
  note: { wireName: 'note', isClearable: true, write: checkNote },
} as const satisfies EditFields;

const INPUT_NAMES = inputNamesOf(FIELDS, { user_key: 'key' });

const EditUserSuccess = userSuccess('EditUserSuccess', 'LuaAuth has changed the user.');

const EditUserResult = builder.unionType('EditUserResult', {
  description: 'What came of editUser.',
  types: [
    EditUserSuccess,
    AccountExpired,
    NothingToEdit,
    DiscordAlreadyLinked,
    InvalidFields,
    NotPermitted,
    UnknownRefusal,
  ],
  resolveType: resolveResultType,
});

const EditUserInput = builder.inputType('EditUserInput', {
  description: 'What to change of a user. An absent field stays as it is, null clears it.',
  fields: (t) => ({
    key: t.id({ required: true, description: 'The licence key.' }),
    discordId: t.id({ description: "The user's id on Discord, in digits. Null: no longer linked." }),
    keyExpiresAt: t.field({ type: 'DateTime', description: 'When the key expires. Null: never.' }),
    note: t.string({ description: `A note of at most ${MAX_NOTE} characters. Null, or empty: none.` }),
  }),
});

builder.mutationFields((t) => ({
  editUser: t.field({
    type: EditUserResult,
    description:
      'Changes the Discord id, the expiry and the note of a user. An absent field stays as it is, null clears it. Doing it twice is the same as once. Costs one REST call, two when the user is selected.',
    extensions: { ...needs('users:write'), ...costs('POST /users/:user_key/edit') },
    args: {
      input: t.arg({ type: EditUserInput, required: true, description: 'The user and what to change.' }),
    },
    resolve: async (_root, { input }, context) => {
      const key = checkKey('input.key', input.key);
      const edit = readEdit<WireUserEdit>(input, FIELDS);
      if (Object.keys(edit).length === 0) return nothingToEdit(FIELDS);
      return runMutation<UserSuccess<'EditUserSuccess'>, RefusalResult>(
        context,
        { type: 'EditUserSuccess', userKey: key },
        (api) => editUser(api, { user_key: key }, edit),
        INPUT_NAMES,
      );
    },
  }),
}));

function checkDigits(argument: string, value: string): string {
  if (!/^\d{1,32}$/.test(value))
    throw badUserInput(argument, 'it is not a Discord id. Give its digits, or null to clear it.');
  return value;
}

function toMs(_argument: string, value: Date): number {
  return value.getTime();
}

/** Characters as people count them, not UTF-16 units. */
function checkNote(argument: string, value: string): string {
  const { length } = [...checkWellFormed(argument, value)];
  if (length > MAX_NOTE)
    throw badUserInput(argument, `it has ${length} characters. At most ${MAX_NOTE} are allowed.`);
  return value;
}
