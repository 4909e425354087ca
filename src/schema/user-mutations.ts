import { badUserInput } from '../errors/coded-error.ts';
import { blacklistUser, editUser, unblacklistUser } from '../luaauth/users.ts';
import { checkKey, checkWellFormed } from './argument.ts';
import { defineMutation } from './define-mutation.ts';
import { User } from './user.ts';

const MAX_NOTE = 255;

const key = {
  type: 'ID',
  wire: 'user_key',
  description: 'The licence key.',
  isRequired: true,
  write: checkKey,
} as const;
const toMs = (_argument: string, value: Date): number => value.getTime();

defineMutation({
  name: 'editUser',
  effect: 'sets',
  description:
    'Changes the Discord id, the expiry and the note of a user. An absent field stays as it is, null clears it. Doing it twice is the same as once. Costs one REST call, two when the user is selected.',
  scope: 'users:write',
  endpoint: editUser,
  isEdit: true,
  input: {
    description: 'What to change of a user. An absent field stays as it is, null clears it.',
    argument: 'The user and what to change.',
    fields: {
      key,
      discordId: {
        type: 'ID',
        wire: 'discord_id',
        description: "The user's id on Discord, in digits. Null: no longer linked.",
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
        description: `A note of at most ${MAX_NOTE} characters. Null, or empty: none.`,
        ofNull: 'clears',
        write: checkNote,
      },
    },
  },
  success: { description: 'LuaAuth has changed the user.', reads: User },
});

function checkDigits(argument: string, value: string): string {
  if (!/^\d{1,32}$/.test(value))
    throw badUserInput(argument, 'it is not a Discord id. Give its digits, or null to clear it.');
  return value;
}

/** Characters as people count them, not UTF-16 units. */
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
    'Keeps a user out; as a help page of LuaAuth says, the IP address of the user as well. One who is kept out already stays so as before, also with another reason or end: unblacklist first. Whether it ends sessions is not documented. Costs one REST call, two when the user is selected.',
  scope: 'users:write',
  endpoint: blacklistUser,
  input: {
    description: 'The user to keep out, why and until when.',
    argument: 'The user to keep out.',
    // A member that is not said is not sent: what null means here is not documented.
    fields: {
      key,
      reason: {
        type: 'String',
        wire: 'reason',
        description: 'Why. Absent or null: not said.',
        write: checkWellFormed,
      },
      expiresAt: {
        type: 'DateTime',
        wire: 'expires',
        description: 'When it ends. Absent or null: never.',
        write: toMs,
      },
    },
  },
  success: { description: 'LuaAuth has blacklisted the user.', reads: User },
});

defineMutation({
  name: 'unblacklistUser',
  effect: 'sets',
  description:
    'Lets a user in again. One who is not blacklisted stays as before. Costs one REST call, two when the user is selected.',
  scope: 'users:write',
  endpoint: unblacklistUser,
  input: { description: 'The user to let in again.', fields: { key } },
  success: { description: 'LuaAuth no longer keeps the user out.', reads: User },
});
