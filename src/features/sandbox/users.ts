import { changesOf, createEditFields, createFields } from './fields.ts';
import {
  accountExpired,
  failure,
  type Handler,
  type Handlers,
  invalid,
  success,
  unauthorized,
} from './handler.ts';
import { sandboxKeys } from './keys.ts';
import type { SandboxState, SandboxUser } from './state.ts';

const maxNote = 255;
const unknownUser = unauthorized('user does not exist or is not yours');

const getUser: Handler = ({ state, id }) => {
  const user = state.users.get(id);
  return user ? success({ user }) : unknownUser;
};

const editUser: Handler = ({ state, id, key, body }) => {
  const user = state.users.get(id);
  if (!user) return unknownUser;
  if (key === sandboxKeys.expired) return accountExpired(0);

  const fields = createEditFields(body);
  const edit: Partial<SandboxUser> = {
    discord_id: fields.clearableText('discord_id'),
    key_expires: fields.clearableWhole('key_expires'),
    note: fields.clearableText('note', maxNote),
  };
  if (fields.failed.length > 0) return invalid(fields.failed);
  const changes = changesOf(edit);
  if (!changes) return failure(2, 'cannot edit nothing');
  if (edit.discord_id && isTaken(state, edit.discord_id, id)) {
    return failure(1, 'key already exists with this discord');
  }
  Object.assign(user, changes);
  return success();
};

/** Whether another user of the same project has this Discord id. LuaAuth does not document whether other projects count. */
function isTaken({ users, userProjects }: SandboxState, discordId: string, userKey: string): boolean {
  const project = userProjects.get(userKey);
  return [...users.values()].some(
    ({ key, discord_id }) => discord_id === discordId && key !== userKey && userProjects.get(key) === project,
  );
}

const blacklistUser: Handler = ({ state, id, key, body }) => {
  const user = state.users.get(id);
  if (!user) return unknownUser;
  if (key === sandboxKeys.expired) return accountExpired(1);

  const fields = createFields(body);
  const [expires = null, reason] = [fields.whole('expires'), fields.text('reason')];
  if (fields.failed.length > 0) return invalid(fields.failed);
  if (user.blacklisted) return failure(0, 'user already blacklisted');
  Object.assign(user, { blacklisted: true, blacklist_reason: reason || null, blacklist_expires: expires });
  return success();
};

const unblacklistUser: Handler = ({ state, id, key }) => {
  const user = state.users.get(id);
  if (!user) return unknownUser;
  if (key === sandboxKeys.expired) return accountExpired(1);

  if (!user.blacklisted) return failure(0, 'user not blacklisted');
  endBlacklist(user);
  return success();
};

export function endBlacklist(user: SandboxUser): void {
  Object.assign(user, { blacklisted: false, blacklist_reason: null, blacklist_expires: null });
}

export const userHandlers = {
  'GET /users/:user_key': getUser,
  'POST /users/:user_key/edit': editUser,
  'POST /users/:user_key/blacklist': blacklistUser,
  'POST /users/:user_key/unblacklist': unblacklistUser,
} satisfies Handlers;
