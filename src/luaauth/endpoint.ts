import type { About, Call } from '../transport/call.ts';
import type { Api } from './api.ts';
import { type JsonObject, openEnvelope } from './envelope.ts';
import { isId } from './id.ts';
import type { DocumentedCodes } from './refusal.ts';
import type { Secrets } from './scrub.ts';

export type Route = `${'GET' | 'POST'} /${string}`;

/** The names after a colon in a route: `'GET /scripts/:script_id'` has `'script_id'`. */
type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string };

/** Calls one endpoint: what stands in its path, then its payload (query parameters of a GET, JSON body of a POST). */
export type Endpoint<Path extends string, Payload, Result> = (
  api: Api,
  params: Params<Path>,
  ...payload: Payload extends undefined ? [] : [payload: Payload]
) => Promise<Result>;

/** Makes an endpoint that changes nothing. `read` turns the opened envelope into the result. */
export function readEndpoint<Result, Payload extends object | undefined = undefined>() {
  return <const Path extends Route>(route: Path, read: (about: About, answer: JsonObject) => Result) =>
    endpoint<Path, Payload, Result>({ endpoint: route, kind: 'read' }, [], {}, read);
}

/**
 * Makes an endpoint that changes something and answers `{ "success": true }`: the reads whose answers it changes, for
 * the same ids and whatever their payload, and the error codes that it documents.
 */
export function writeEndpoint<Payload extends object | undefined = undefined>() {
  return <const Path extends Route>(
    route: Path,
    changes: readonly Route[],
    documented: DocumentedCodes = {},
  ) =>
    endpoint<Path, Payload, void>({ endpoint: route, kind: 'write' }, changes, documented, () => undefined);
}

function endpoint<Path extends Route, Payload extends object | undefined, Result>(
  about: About,
  changes: readonly Route[],
  documented: DocumentedCodes,
  read: (about: About, answer: JsonObject) => Result,
): Endpoint<Path, Payload, Result> {
  const [method, template] = about.endpoint.split(' ') as ['GET' | 'POST', string];
  return async (api, params, ...[payload]) => {
    const path = fillIn(template, params);
    const timeoutMs = api.timeouts[about.kind];
    const call: Call<Result> = {
      ...about,
      origin: api.origin,
      method,
      path: method === 'GET' && payload ? path + queryString(payload) : path,
      body: method === 'POST' && payload ? JSON.stringify(payload) : undefined,
      resource: `${method} ${path}`,
      touches: changes.map((route) => fillIn(route, params)),
      deadline: Math.min(api.clock.now() + timeoutMs, api.deadline),
      timeoutMs,
      signal: api.signal,
      interpret: (reply) =>
        read(about, openEnvelope(about, reply, documented, secretsIn(api.origin.key, payload))),
    };
    return (await api.send(call)).value;
  };
}

/** What an answer may not quote; these are the names that the API gives to a licence key and to source code. */
function secretsIn(apiKey: string, payload: { key?: unknown; script?: unknown } = {}): Secrets {
  const { key, script } = payload;
  return {
    keys: typeof key === 'string' ? [apiKey, key] : [apiKey],
    source: typeof script === 'string' ? script : undefined,
  };
}

/** The last guard before anything is sent: the schema has refused a malformed id with the argument's name by now. */
function fillIn(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/:(\w+)/g, (_match, name: string) => {
    const id = params[name];
    if (!isId(id)) throw new TypeError(`${name} is not an id`);
    return encodeURIComponent(id);
  });
}

/** Each value exactly one parameter, spaces as %20; undefined ones are left out. */
function queryString(payload: object): string {
  const pairs = Object.entries(payload).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
