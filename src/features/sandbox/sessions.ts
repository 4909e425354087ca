import { createFields, type SandboxValues } from './fields.ts';
import {
  type Handler,
  type Handlers,
  invalid,
  type SandboxRequest,
  success,
  unauthorized,
} from './handler.ts';
import { runMessage } from './messages.ts';
import { unknownScript } from './scripts.ts';
import type { SandboxSession } from './state.ts';

const missing = 'session does not exist or is not yours';

const listScriptSessions: Handler = (request) => listSessions(request, request.body);

/** A session must match all given properties. */
const filterScriptSessions: Handler = (request) => {
  const values: SandboxValues = Object.fromEntries(request.query);
  for (const name of ['from', 'limit']) {
    if (/^\d+$/.test(String(values[name]))) values[name] = Number(values[name]);
  }
  return listSessions(request, values, (fields) => {
    const [key, job] = [fields.text('key'), fields.text('job_id')];
    const [user, place] = [fields.digits('roblox_id'), fields.digits('place_id')];
    return (session) =>
      (key === undefined || session.user_key === key) &&
      (job === undefined || session.job_id === job) &&
      (user === undefined || String(session.roblox_id) === user) &&
      (place === undefined || String(session.place_id) === place);
  });
};

function listSessions(
  { state, id, behaviour: { maxLimit } }: SandboxRequest,
  values: SandboxValues,
  createFilter?: (fields: ReturnType<typeof createFields>) => (session: SandboxSession) => boolean,
) {
  if (!state.scripts.has(id)) return unknownScript;
  const fields = createFields(values);
  const from = fields.whole('from') ?? 0;
  const limit = Math.min(fields.whole('limit') ?? maxLimit, maxLimit);
  const fits = createFilter?.(fields);
  if (fields.failed.length > 0) return invalid(fields.failed);
  const sessions: SandboxSession[] = [];
  let skipped = 0;
  for (const session of state.sessions.values()) {
    if (sessions.length === limit) break;
    if (session.script_id !== id || (fits && !fits(session))) continue;
    if (skipped < from) skipped += 1;
    else sessions.push(session);
  }
  return success({ sessions });
}

const getSession: Handler = ({ state, id }) => {
  const session = state.sessions.get(id);
  return session ? success({ session }) : unauthorized(missing);
};

/** Repeating it for a session that is still listed changes nothing. */
const disconnectSession: Handler = (request) => {
  if (!request.state.sessions.has(request.id)) return unauthorized(missing);
  disconnect(request, request.id);
  return success();
};

/**
 * One unknown id refuses all ids, which LuaAuth does not document. Other members are ignored, so a misdirected message
 * disconnects all named sessions; the call record marks it.
 */
const disconnectSessions: Handler = (request) => {
  const { state, body } = request;
  const fields = createFields(body);
  fields.require('session_ids');
  const ids = fields.texts('session_ids');
  if (ids === undefined) return invalid(fields.failed);
  const unknown = ids.filter((id) => !state.sessions.has(id));
  if (unknown.length > 0) return unauthorized(...unknown.map((id) => `${missing}: ${id}`));
  for (const id of ids) disconnect(request, id);
  return success();
};

/** The first disconnect decides how long the session is still listed. */
function disconnect({ state, now, behaviour }: SandboxRequest, id: string): void {
  if (behaviour.disconnectMs <= 0) state.sessions.delete(id);
  else if (!state.disconnected.has(id)) state.disconnected.set(id, now + behaviour.disconnectMs);
}

/** `messages.ts` has the handlers. */
const sendMessage: Handler = ({ state, id, body, behaviour }) => {
  const session = state.sessions.get(id);
  if (!session) return unauthorized(missing);
  const fields = createFields(body);
  fields.require('key');
  const key = fields.text('key');
  if (key === undefined) return invalid(fields.failed);
  const { data = [] } = body;
  const client = state.disconnected.has(id) ? undefined : session;
  const { afterMs, outcome } = runMessage({ key, data }, client, behaviour);
  return { afterMs, reply: success(outcome) };
};

export const sessionHandlers = {
  'POST /scripts/:script_id/sessions': listScriptSessions,
  'GET /scripts/:script_id/sessions/filter': filterScriptSessions,
  'GET /sessions/:session_id': getSession,
  'POST /sessions/:session_id/disconnect': disconnectSession,
  'POST /sessions/disconnect': disconnectSessions,
  'POST /sessions/:session_id/message': sendMessage,
} satisfies Handlers;
