import {
  changesOf,
  checkAccount,
  createEditFields,
  createFields,
  type Endpoint,
  type Endpoints,
  find,
  Refusal,
  type SandboxRequest,
} from './endpoint.ts';
import { endBlacklist, type SandboxState, type SandboxUser } from './state.ts';

const MAX_NOTE = 255;

const userIn = ({ state, id }: SandboxRequest) => find(state.users, id, 'user');

const editUser: Endpoint = (request) => {
  const { state, id, body } = request;
  const user = userIn(request);
  checkAccount(request, 0);
  const fields = createEditFields(body);
  const edit: Partial<SandboxUser> = {
    discord_id: fields.clearableText('discord_id'),
    key_expires: fields.clearableWhole('key_expires'),
    note: fields.clearableText('note', MAX_NOTE),
  };
  fields.check();
  const changes = changesOf(edit);
  if (!changes) throw new Refusal(2, 'cannot edit nothing');
  if (edit.discord_id && isTaken(state, edit.discord_id, id)) {
    throw new Refusal(1, 'key already exists with this discord');
  }
  Object.assign(user, changes);
  return {};
};

/** Whether another user of the same project has this Discord id. LuaAuth does not document whether other projects count. */
function isTaken({ users, userProjects }: SandboxState, discordId: string, userKey: string): boolean {
  const project = userProjects.get(userKey);
  return [...users.values()].some(
    ({ key, discord_id }) => discord_id === discordId && key !== userKey && userProjects.get(key) === project,
  );
}

const blacklistUser: Endpoint = (request) => {
  const user = userIn(request);
  checkAccount(request, 1);
  const fields = createFields(request.body);
  const [expires = null, reason] = [fields.whole('expires'), fields.text('reason')];
  fields.check();
  if (user.blacklisted) throw new Refusal(0, 'user already blacklisted');
  Object.assign(user, { blacklisted: true, blacklist_reason: reason || null, blacklist_expires: expires });
  return {};
};

const unblacklistUser: Endpoint = (request) => {
  const user = userIn(request);
  checkAccount(request, 1);
  if (!user.blacklisted) throw new Refusal(0, 'user not blacklisted');
  endBlacklist(user);
  return {};
};

export const userEndpoints = {
  'GET /users/:user_key': (request) => ({ user: userIn(request) }),
  'POST /users/:user_key/edit': editUser,
  'POST /users/:user_key/blacklist': blacklistUser,
  'POST /users/:user_key/unblacklist': unblacklistUser,
} satisfies Endpoints;
