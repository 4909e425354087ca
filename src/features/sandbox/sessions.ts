import type { WireMessage, WireMessageOutcome } from '../../luaauth/wire.ts';
import {
  type Behaviour,
  createFields,
  type Endpoint,
  type Endpoints,
  find,
  Later,
  type SandboxRequest,
  type SandboxValues,
  unauthorized,
} from './endpoint.ts';
import { scriptIn } from './scripts.ts';
import type { SandboxSession } from './state.ts';

const sessionIn = ({ state, id }: SandboxRequest) => find(state.sessions, id, 'session');

/** A session must match all given properties. */
const filterSessions: Endpoint = (request) => {
  const values: SandboxValues = Object.fromEntries(request.query);
  for (const name of ['from', 'limit']) {
    if (/^\d+$/.test(String(values[name]))) values[name] = Number(values[name]);
  }
  return listSessions(request, values, (fields) => {
    const key = fields.text('key');
    const job = fields.text('job_id');
    const user = fields.digits('roblox_id');
    const place = fields.digits('place_id');
    return (session) =>
      (key === undefined || session.user_key === key) &&
      (job === undefined || session.job_id === job) &&
      (user === undefined || String(session.roblox_id) === user) &&
      (place === undefined || String(session.place_id) === place);
  });
};

function listSessions(
  request: SandboxRequest,
  values: SandboxValues,
  createFilter?: (fields: ReturnType<typeof createFields>) => (session: SandboxSession) => boolean,
) {
  const { id } = scriptIn(request);
  const { maxLimit } = request.behaviour;
  const fields = createFields(values);
  const from = fields.whole('from') ?? 0;
  const limit = Math.min(fields.whole('limit') ?? maxLimit, maxLimit);
  const fits = createFilter?.(fields);
  fields.check();
  const sessions: SandboxSession[] = [];
  let skipped = 0;
  for (const session of request.state.sessions.values()) {
    if (sessions.length === limit) break;
    if (session.script_id !== id || (fits && !fits(session))) continue;
    if (skipped < from) skipped += 1;
    else sessions.push(session);
  }
  return { sessions };
}

/** Repeating it for a session that is still listed changes nothing. */
const disconnectSession: Endpoint = (request) => {
  disconnect(request, sessionIn(request).id);
  return {};
};

/**
 * One unknown id refuses all ids, which LuaAuth does not document. Other members are ignored, so a message that is sent
 * here by mistake disconnects all named sessions.
 */
const disconnectSessions: Endpoint = (request) => {
  const { sessions } = request.state;
  const fields = createFields(request.body);
  const ids = fields.texts('session_ids') ?? [];
  fields.check('session_ids');
  const unknown = ids.filter((id) => !sessions.has(id));
  if (unknown.length > 0) {
    throw unauthorized(...unknown.map((id) => `session does not exist or is not yours: ${id}`));
  }
  for (const id of ids) disconnect(request, id);
  return {};
};

/** Another disconnect of the session does not change how long it is still listed. */
function disconnect({ state, now, behaviour }: SandboxRequest, id: string): void {
  if (behaviour.disconnectMs <= 0) state.sessions.delete(id);
  else if (!state.disconnected.has(id)) state.disconnected.set(id, now + behaviour.disconnectMs);
}

/** What a client makes of a message, and after how many ms; by default after the usual time. */
interface Reaction {
  outcome: WireMessageOutcome;
  afterMs?: number;
}

/** Undefined: the client does not answer. */
type ClientHandler = (data: unknown, session: SandboxSession) => Reaction | undefined;

const processed = (response: object): Reaction => ({ outcome: { processed: true, response } });
const unprocessed = (reason: string): Reaction => ({ outcome: { processed: false, reason } });
const errored = (message: string) => unprocessed(`function errored, message: ${message}`);

const clientHandlers = new Map<string, ClientHandler>([
  ['ping', () => processed({ pong: true })],
  ['echo', (data) => processed({ data })],
  ['whereami', (_data, { place_id, job_id }) => processed({ place_id, job_id })],
  // LuaAuth does not document the answer of a handler that returns nothing; here `response` is missing.
  ['nothing', () => ({ outcome: { processed: true } })],
  ['broken', () => errored('attempt to index nil with "Health"')],
  ['invalid', () => unprocessed('invalid return data')],
  ['silent', () => undefined],
  // `data` is the time in ms. The API gives up after `messageTimeoutMs`.
  [
    'wait',
    (data) =>
      typeof data === 'number'
        ? { ...processed({ waited: data }), afterMs: data }
        : errored('wait takes a number'),
  ],
]);

/** The answer to any other name is `function doesnt exist`. */
export const clientHandlerNames: readonly string[] = [...clientHandlers.keys()];

/** Runs a message on the client of a session. Without a session the client has gone and does not answer. */
function runMessage(
  { key, data }: WireMessage,
  session: SandboxSession | undefined,
  { messageDelayMs, messageTimeoutMs }: Behaviour,
): Later {
  const handler = clientHandlers.get(key) ?? (() => unprocessed('function doesnt exist'));
  const reaction = session && handler(data, session);
  const afterMs = reaction?.afterMs ?? messageDelayMs;
  if (!reaction || afterMs > messageTimeoutMs) {
    return new Later(messageTimeoutMs, unprocessed('client never responded').outcome);
  }
  return new Later(afterMs, reaction.outcome);
}

const sendMessage: Endpoint = (request) => {
  const session = sessionIn(request);
  const { state, body, behaviour } = request;
  const fields = createFields(body);
  const key = fields.text('key') ?? '';
  fields.check('key');
  const { data = [] } = body;
  const client = state.disconnected.has(session.id) ? undefined : session;
  return runMessage({ key, data }, client, behaviour);
};

export const sessionEndpoints = {
  'POST /scripts/:script_id/sessions': (request) => listSessions(request, request.body),
  'GET /scripts/:script_id/sessions/filter': filterSessions,
  'GET /sessions/:session_id': (request) => ({ session: sessionIn(request) }),
  'POST /sessions/:session_id/disconnect': disconnectSession,
  'POST /sessions/disconnect': disconnectSessions,
  'POST /sessions/:session_id/message': sendMessage,
} satisfies Endpoints;
