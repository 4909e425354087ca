import { createHash } from 'node:crypto';
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
import type { SandboxScript } from './state.ts';

export const unknownScript = unauthorized('script does not exist or is not yours');

const getScript: Handler = ({ state, id }) => {
  const script = state.scripts.get(id);
  return script ? success({ script }) : unknownScript;
};

const getScriptExecutions: Handler = ({ state, id }) =>
  state.scripts.has(id) ? success({ executions: state.executions.get(id) ?? {} }) : unknownScript;

const editScript: Handler = ({ state, id, key, body }) => {
  const script = state.scripts.get(id);
  if (!script) return unknownScript;
  if (key === sandboxKeys.expired) return accountExpired(0);

  const fields = createEditFields(body);
  const edit: Partial<SandboxScript> = {
    name: fields.clearableText('name'),
    free_for_all: fields.flag('free_for_all'),
    use_heartbeat: fields.flag('use_heartbeat'),
    kick_outdated: fields.flag('kick_outdated'),
    require_sessions: fields.flag('require_sessions'),
  };
  if (fields.failed.length > 0) return invalid(fields.failed);
  const changes = changesOf(edit);
  if (!changes) return failure(1, 'cannot edit nothing');
  if (edit.free_for_all && key === sandboxKeys.basic) return failure(2, 'tier does not allow ffa mode');
  Object.assign(script, changes);
  return success();
};

/** Also deletes the script's sessions. */
const removeScript: Handler = ({ state, id }) => {
  if (!state.scripts.delete(id)) return unknownScript;
  state.executions.delete(id);
  state.sources.delete(id);
  for (const session of state.sessions.values()) {
    if (session.script_id === id) state.sessions.delete(session.id);
  }
  return success();
};

const updateScript: Handler = ({ state, id, body, behaviour: { updateDelayMs: afterMs } }) => {
  if (!state.scripts.has(id)) return unknownScript;
  const fields = createFields(body);
  fields.require('script');
  const script = fields.text('script');
  if (script === undefined) return invalid(fields.failed);
  state.sources.set(id, {
    version: (state.sources.get(id)?.version ?? 0) + 1,
    bytes: Buffer.byteLength(script),
    sha256: createHash('sha256').update(script).digest('hex'),
  });
  return { afterMs, reply: success() };
};

const toggleScript: Handler = ({ state, id, body }) => {
  const script = state.scripts.get(id);
  if (!script) return unknownScript;
  const fields = createFields(body);
  fields.require('state');
  const enabled = fields.flag('state');
  if (enabled === undefined) return invalid(fields.failed);
  script.enabled = enabled;
  return success();
};

export const scriptHandlers = {
  'GET /scripts/:script_id': getScript,
  'GET /scripts/:script_id/executions': getScriptExecutions,
  'POST /scripts/:script_id/edit': editScript,
  'POST /scripts/:script_id/remove': removeScript,
  'POST /scripts/:script_id/update': updateScript,
  'POST /scripts/:script_id/toggle': toggleScript,
} satisfies Handlers;
