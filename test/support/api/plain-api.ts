import type { ServerResponse } from 'node:http';
import {
  AD_SYSTEM,
  type Members,
  PROJECT,
  SCRIPT,
  SESSION,
  type Typed,
  USER,
  type WireKind,
  type WireKinds,
} from '../../../src/luaauth/wire.ts';
import { json, type Recorded, type Respond } from './recorder.ts';

/** A value of each kind of member. */
const PLAIN: WireKinds = {
  name: 'plain',
  text: 'plain',
  id: 'plain',
  'any id': 'plain',
  boolean: false,
  count: 0,
  integer: 606_849_621,
  digits: '606849621',
  instant: 1_770_624_500_000,
};

/** An object with all documented members, of which those that may be empty are null. */
export function plainObject<Of extends Members>(members: Of): Typed<Of, WireKinds> {
  const values = Object.entries(members).map(([name, kind]) => [name, PLAIN[kind as WireKind] ?? null]);
  // The members are those of the declaration.
  return Object.fromEntries(values) as Typed<Of, WireKinds>;
}

/** A script as the API sends it. */
export function wireScript(id: string, fields: object = {}) {
  return {
    ...plainObject(SCRIPT),
    id,
    project_id: 'project',
    name: `name of ${id}`,
    use_heartbeat: true,
    enabled: true,
    ...fields,
  };
}

/** A project as the API sends it. */
export function wireProject(id: string, fields: object = {}) {
  return {
    ...plainObject(PROJECT),
    id,
    name: `name of ${id}`,
    fingerprint_reset_cooldown: 60_000,
    allow_fingerprint_resets: true,
    execution_webhook: '',
    information_webhook: '',
    blacklist_webhook: '',
    ...fields,
  };
}

/** Executions of a project of about so many bytes, as the API sends them: each day has a name of 4,000 characters. */
export function longExecutions(bytes: number) {
  const days = Array.from({ length: Math.ceil(bytes / 4_000) }, (_, day) => `day ${day} `.padEnd(4_000, 'x'));
  return { executions: { total: Object.fromEntries(days.map((date, day) => [date, day])) } };
}

/** A user as the API sends it. */
export function wireUser(key: string, fields: object = {}) {
  return { ...plainObject(USER), key, executor: '', luaauth_fingerprint: '', ...fields };
}

/** Answers every read with `mark` where it shows it, and every write with success. */
export function answerAs(mark: string, { line }: Pick<Recorded, 'line'>, response: ServerResponse): void {
  json(response, { success: true, ...contentOf(line, mark) });
}

/** The same with the name of the id: a REST API of which only the timing matters. */
export const answerPlainly: Respond = (recorded, response) =>
  answerAs(`name of ${scriptIdOf(recorded)}`, recorded, response);

/** The API's word for too many requests. */
export function answerRateLimited(response: ServerResponse, retryAfter?: string): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  json(response, { success: false, error: { code: -1, message: 'ratelimited' } });
}

export function scriptIdOf({ line }: Pick<Recorded, 'line'>): string {
  return /\/scripts\/([^/?]+)/.exec(line)?.[1] ?? '';
}

/** What the API answers beside `success`, with `mark` where it shows it. */
export function contentOf(line: string, mark: string): object {
  const [method, kind, id = ''] = line.split(/[ /?]+/);
  if (kind === 'ads') return line.endsWith('/new') ? { system_id: 'new' } : adsOf(line, mark);
  if (kind === 'users') return method === 'GET' ? { user: wireUser(id, { executor: mark }) } : {};
  if (/^GET \/projects\/\S+\/executions$/.test(line))
    return { executions: { total: { [mark]: 1 }, [`${mark} - script-of-${id}`]: { [mark]: 1 } } };
  if (kind === 'projects')
    return line.endsWith('/remove') ? {} : { project: wireProject(id, { name: mark }) };
  if (/^GET \S+\/executions$/.test(line)) return { executions: { [mark]: 1 } };
  if (line.endsWith('/message')) return { processed: true, response: mark };
  if (/\/sessions/.test(line)) return { sessions: [wireSession(scriptIdOf({ line }), mark)] };
  return line.startsWith('GET') ? { script: wireScript(scriptIdOf({ line }), { name: mark }) } : {};
}

/** Ad systems and providers as the API sends them. */
function adsOf(line: string, mark: string): object {
  const [, id = 'system'] = /\/ads\/systems\/([^/?]+)/.exec(line) ?? [];
  const system = { ...plainObject(AD_SYSTEM), id, project_id: 'project', name: mark };
  return { system, systems: [system], providers: { [mark]: [] } };
}

/** A session of a script as the API sends it. */
export function wireSession(scriptId: string, mark: string) {
  return {
    ...plainObject(SESSION),
    id: `session-of-${scriptId}`,
    script_id: scriptId,
    roblox_id: 10234711811,
    job_id: mark,
  };
}
