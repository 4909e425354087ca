import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { keysInOrder } from '../transport/json-key-order.ts';
import { boolean, count, type Decoded, id, objectDecoder, text } from './decoders.ts';
import { type Route, readEndpoint, writeEndpoint } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { decodeSessions, listsOfSessions, type Session } from './sessions.ts';
import type { WireScript, WireScriptEdit } from './wire.ts';

export type Script = Decoded<WireScript>;

/** Executions on one day, by the API's own label. */
export type DayCount = Decoded<{ date: string; count: number }>;

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
  project_id: text,
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
  (about, answer, _payload, text) => decodeExecutions(about, answer.executions, text, ['executions']),
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

/** What every write to a script may change: the script, its executions, all pages of its sessions, filtered or not. */
const ALL_OF_A_SCRIPT: readonly Route[] = [
  'GET /scripts/:script_id',
  'GET /scripts/:script_id/executions',
  'POST /scripts/:script_id/sessions',
  'GET /scripts/:script_id/sessions/filter',
];

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

/** A count that cannot be used is an error at its own `count`. */
const decodeDay = objectDecoder<{ date: string; count: number }>('executions', { date: text, count });

/** A label that looks like an index would stand before all others, whatever the order of the answer. */
const LOOKS_LIKE_INDEX = /^\d+$/;

/** Executions by day, in the order of the answer, whose text has them at a path of names. */
export function decodeExecutions(
  about: About,
  value: unknown,
  text: string,
  path: readonly string[],
): DayCount[] {
  if (!isObject(value)) throw new BadResponse(about, 'it has no executions');
  const names = Object.keys(value);
  const labels = names.some((name) => LOOKS_LIKE_INDEX.test(name)) ? keysInOrder(text, path) : names;
  return labels.map((date) => decodeDay(about, { date, count: value[date] }));
}
