import { keyOrderOf } from '../transport/json-key-order.ts';
import { boolean, count, type Decoded, id, objectDecoder, text } from './decoders.ts';
import { readEndpoint, writeEndpoint } from './endpoint.ts';
import { type DayCount, decodeExecutions } from './executions.ts';
import { executionsOfProjects } from './projects.ts';
import { decodeSessions, listsOfSessions, type Session } from './sessions.ts';
import type { WireScript, WireScriptEdit } from './wire.ts';

export type Script = Decoded<WireScript>;

/** `from` is the index of the first session, `limit` how many to return; the largest limit is not documented. */
export interface SessionRange {
  from: number;
  limit: number;
}

/** What a session must have: all that is given. */
export interface SessionMatch {
  key?: string;
  roblox_id?: string;
  place_id?: string;
  job_id?: string;
}

const decodeScript = objectDecoder<WireScript>('script', {
  id,
  project_id: id,
  name: text,
  free_for_all: boolean,
  use_heartbeat: boolean,
  kick_outdated: boolean,
  require_sessions: boolean,
  enabled: boolean,
  total_executions: count,
  total_sessions: count,
  total_instances: count,
});

/** `GET /scripts/:script_id` */
export const getScript = readEndpoint<Script>()(
  'GET /scripts/:script_id',
  (about, answer) => decodeScript(about, answer.script),
  { id: 'script_id' },
);

/** `GET /scripts/:script_id/executions`, in the order of the answer. */
export const getExecutions = readEndpoint<DayCount[]>()(
  'GET /scripts/:script_id/executions',
  (about, answer, _payload, text) =>
    decodeExecutions(about, answer.executions, keyOrderOf(text), ['executions']),
);

/** `POST /scripts/:script_id/sessions`: a read, in spite of its method. */
export const getSessions = readEndpoint<Session[], SessionRange>()(
  'POST /scripts/:script_id/sessions',
  (about, answer, { limit }) => decodeSessions(about, answer.sessions, limit),
  { script_id: 'script_id' },
  { widerResource: listsOfSessions },
);

/** `GET /scripts/:script_id/sessions/filter` */
export const filterSessions = readEndpoint<Session[], SessionRange & SessionMatch>()(
  'GET /scripts/:script_id/sessions/filter',
  (about, answer, { limit }) => decodeSessions(about, answer.sessions, limit),
  { script_id: 'script_id' },
  { widerResource: listsOfSessions },
);

/**
 * What every write to a script may change: the script, its executions and those of its project, which list it by name, all
 * pages of its sessions, filtered or not. No answer carries the new state.
 */
const ALL_OF_A_SCRIPT = [
  'GET /scripts/:script_id',
  'GET /scripts/:script_id/executions',
  'POST /scripts/:script_id/sessions',
  'GET /scripts/:script_id/sessions/filter',
  executionsOfProjects,
] as const;

/** `POST /scripts/:script_id/edit` */
export const editScript = writeEndpoint<WireScriptEdit>()('POST /scripts/:script_id/edit', ALL_OF_A_SCRIPT, {
  0: 'account expired',
  1: 'nothing to edit',
  2: 'tier too low',
});

/** `POST /scripts/:script_id/remove` */
export const removeScript = writeEndpoint()('POST /scripts/:script_id/remove', ALL_OF_A_SCRIPT);

/** `POST /scripts/:script_id/update`: `script` is the source code. Its own error codes are not documented. */
export const updateScript = writeEndpoint<{ script: string }>()(
  'POST /scripts/:script_id/update',
  ALL_OF_A_SCRIPT,
);

/** `POST /scripts/:script_id/toggle`: `state` is whether the script is enabled. */
export const toggleScript = writeEndpoint<{ state: boolean }>()(
  'POST /scripts/:script_id/toggle',
  ALL_OF_A_SCRIPT,
);
