import {
  changesOf,
  checkAccount,
  createEditFields,
  createFields,
  type Endpoint,
  type Endpoints,
  find,
  Later,
  Refusal,
  type SandboxRequest,
} from './endpoint.ts';
import { sandboxKeys } from './keys.ts';
import type { SandboxScript } from './state.ts';

export const scriptIn = ({ state, id }: SandboxRequest) => find(state.scripts, id, 'script');

const editScript: Endpoint = (request) => {
  const script = scriptIn(request);
  checkAccount(request, 0);
  const fields = createEditFields(request.body);
  const edit: Partial<SandboxScript> = {
    name: fields.clearableText('name'),
    free_for_all: fields.flag('free_for_all'),
    use_heartbeat: fields.flag('use_heartbeat'),
    kick_outdated: fields.flag('kick_outdated'),
    require_sessions: fields.flag('require_sessions'),
  };
  fields.check();
  const changes = changesOf(edit);
  if (!changes) throw new Refusal(1, 'cannot edit nothing');
  if (edit.free_for_all && request.key === sandboxKeys.basic) {
    throw new Refusal(2, 'tier does not allow ffa mode');
  }
  Object.assign(script, changes);
  return {};
};

/** Also deletes the script's sessions. */
const removeScript: Endpoint = (request) => {
  const { id } = scriptIn(request);
  const { scripts, executions, sessions } = request.state;
  for (const rows of [scripts, executions]) rows.delete(id);
  for (const session of sessions.values()) if (session.script_id === id) sessions.delete(session.id);
  return {};
};

/** No endpoint shows the source, so it is not kept. */
const updateScript: Endpoint = (request) => {
  scriptIn(request);
  const fields = createFields(request.body);
  fields.text('script');
  fields.check('script');
  return new Later(request.behaviour.updateDelayMs, {});
};

const toggleScript: Endpoint = (request) => {
  const script = scriptIn(request);
  const fields = createFields(request.body);
  const enabled = fields.flag('state') ?? false;
  fields.check('state');
  script.enabled = enabled;
  return {};
};

export const scriptEndpoints = {
  'GET /scripts/:script_id': (request) => ({ script: scriptIn(request) }),
  'GET /scripts/:script_id/executions': (request) => ({
    executions: request.state.executions.get(scriptIn(request).id) ?? {},
  }),
  'POST /scripts/:script_id/edit': editScript,
  'POST /scripts/:script_id/remove': removeScript,
  'POST /scripts/:script_id/update': updateScript,
  'POST /scripts/:script_id/toggle': toggleScript,
} satisfies Endpoints;
