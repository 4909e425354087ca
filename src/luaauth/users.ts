import {
  bigIntegerId,
  boolean,
  count,
  type Decoded,
  emptyAsNone,
  id,
  instant,
  objectDecoder,
  optional,
  textOrNone,
} from './decoders.ts';
import { readEndpoint, writeEndpoint } from './endpoint.ts';
import type { Route } from './route.ts';
import type { WireBlacklist, WireUser, WireUserEdit } from './wire.ts';

/** A user as decoded: the Discord id with its exact digits, texts that are missing or empty as null. */
export type User = Decoded<UserShape>;

interface UserShape extends Omit<WireUser, 'discord_id' | 'executor' | 'luaauth_fingerprint'> {
  discord_id: string | number | null;
  executor: string | null;
  luaauth_fingerprint: string | null;
}

const decodeUser = objectDecoder<UserShape>('user', {
  key: id,
  discord_id: emptyAsNone(bigIntegerId),
  fingerprint_assigned: boolean,
  executor: textOrNone,
  executions: count,
  key_expires: optional(instant),
  last_reset: optional(instant),
  total_fingerprint_resets: count,
  note: textOrNone,
  blacklisted: boolean,
  blacklist_reason: textOrNone,
  blacklist_expires: optional(instant),
  luaauth_fingerprint: textOrNone,
});

/** `GET /users/:user_key` */
export const getUser = readEndpoint<User>()(
  'GET /users/:user_key',
  (about, answer) => decodeUser(about, answer.user),
  { key: 'user_key' },
);

/*
 * What each write touches, and what its answer carries. That a blacklist ends the sessions of the user is not documented:
 * lists of sessions are left as they are.
 *
 * | write       | touches  | answer carries the new state |
 * | ----------- | -------- | ---------------------------- |
 * | edit        | the user | no                           |
 * | blacklist   | the user | no                           |
 * | unblacklist | the user | no                           |
 */
const THE_USER: readonly Route[] = ['GET /users/:user_key'];

/** `POST /users/:user_key/edit` */
export const editUser = writeEndpoint<WireUserEdit>()('POST /users/:user_key/edit', THE_USER, {
  0: 'account expired',
  1: 'discord already linked',
  2: 'nothing to edit',
});

/** `POST /users/:user_key/blacklist` */
export const blacklistUser = writeEndpoint<WireBlacklist>()('POST /users/:user_key/blacklist', THE_USER, {
  0: 'already blacklisted',
  1: 'account expired',
});

/** `POST /users/:user_key/unblacklist` */
export const unblacklistUser = writeEndpoint()('POST /users/:user_key/unblacklist', THE_USER, {
  0: 'not blacklisted',
  1: 'account expired',
});
