import { objectDecoder } from './decoders.ts';
import { a, read, write } from './endpoint.ts';
import { resource } from './resource.ts';
import { USER, type WireBlacklist, type WireUserEdit } from './wire.ts';

/** The API does not show the project of a user. */
export const user = resource('user', 'user_key');

const decodeUser = objectDecoder('user', USER);

/** A decoded user: the Discord id with all digits, missing or empty texts as null. */
export type User = ReturnType<typeof decodeUser>;

export const getUser = read('GET /users/:user_key', {
  member: 'user',
  documented: { user: USER },
  answer: decodeUser,
  repeats: { key: 'user_key' },
  partOf: [user],
  shows: user,
  freshFor: 'users',
});

/** No write to a user returns the new state. */
export const editUser = write('POST /users/:user_key/edit', {
  payload: a<WireUserEdit>(),
  touches: [user],
  refusals: { 0: 'account expired', 1: 'discord already linked', 2: 'nothing to edit' },
});

/** Whether it ends the user's sessions is not documented, so cached sessions stay. */
export const blacklistUser = write('POST /users/:user_key/blacklist', {
  payload: a<WireBlacklist>(),
  touches: [user],
  refusals: { 0: 'already blacklisted', 1: 'account expired' },
});

export const unblacklistUser = write('POST /users/:user_key/unblacklist', {
  touches: [user],
  refusals: { 0: 'not blacklisted', 1: 'account expired' },
});
