import type { About, Asked, Call } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import type { Access } from './api.ts';
import { isId } from './decoders.ts';
import { type JsonObject, openEnvelope } from './envelope.ts';
import type { Secrets } from './redact.ts';
import type { DocumentedCodes } from './refusal.ts';

export type Route = `${'GET' | 'POST'} /${string}`;

/** The names after a colon in a route: `'GET /scripts/:script_id'` has `'script_id'`. */
type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string };

/** Calls one endpoint: what stands in its path, then its payload (query parameters of a GET, JSON body of a POST). */
export interface Endpoint<Path extends string, Payload, Result> {
  (api: Access, params: Params<Path>, ...payload: Payloads<Payload>): Promise<Result>;
  readonly route: Path;
}

type Payloads<Payload> = Payload extends undefined ? [] : [payload: Payload];

type Decode<Payload, Result> = (about: About, answer: JsonObject, payload: Payload) => Result;

/** The properties of the result, or of each of its rows, that repeat what was asked for in the path. */
type Repeats<Path extends string, Result> = {
  readonly [Property in keyof (Result extends readonly (infer Row)[] ? Row : Result)]?: ParamName<Path>;
};

/**
 * Makes an endpoint that changes nothing. `decode` turns the opened envelope into the result, which is plain JSON data. An
 * answer in which what is repeated of the path is something else is the answer to another question: a BadResponse.
 */
export function readEndpoint<Result, Payload extends object | undefined = undefined>() {
  return <const Path extends Route>(
    route: Path,
    decode: Decode<Payload, Result>,
    repeats: Repeats<Path, Result> = {},
  ) => {
    const pairs = Object.entries(repeats) as [string, string][];
    return endpoint<Path, Payload, Result>(
      { endpoint: route, kind: 'read' },
      [],
      {},
      (about, answer, asked) => {
        const result = decode(about, answer, asked.payload as Payload);
        for (const row of Array.isArray(result) ? result : [result]) checkRepeats(about, row, asked, pairs);
        return result;
      },
    );
  };
}

function checkRepeats(
  about: About,
  row: Readonly<Record<string, unknown>>,
  { params }: Asked,
  pairs: readonly [string, string][],
): void {
  for (const [property, param] of pairs) {
    const given = row[property];
    // One that cannot be used tells nothing: it is an error at its field.
    if (given === undefined || given === params[param] || isSameInOtherCase(given, params[param])) continue;
    throw new BadResponse(about, 'it is about something else', { isMisdirected: true });
  }
}

/** The API does not say whether the case of an id matters to it. */
function isSameInOtherCase(given: unknown, asked: string | undefined): boolean {
  return String(given).toLowerCase() === asked?.toLowerCase();
}

/**
 * Makes an endpoint that changes something and answers `{ "success": true }`: the reads whose answers it changes, for
 * the same ids and whatever their payload, and the error codes that it documents.
 */
export function writeEndpoint<Payload extends object | undefined = undefined>() {
  return <const Path extends Route>(
    route: Path,
    invalidates: readonly Route[],
    documented: DocumentedCodes = {},
  ) =>
    endpoint<Path, Payload, void>(
      { endpoint: route, kind: 'write' },
      invalidates,
      documented,
      () => undefined,
    );
}

function endpoint<Path extends Route, Payload extends object | undefined, Result>(
  about: About,
  invalidates: readonly Route[],
  documented: DocumentedCodes,
  decode: (about: About, answer: JsonObject, asked: Asked) => Result,
): Endpoint<Path, Payload, Result> {
  const [method, template] = about.endpoint.split(' ') as ['GET' | 'POST', string];
  const pathOf = routeFiller(template);
  const resources = invalidates.map(routeFiller);
  const decodeReply: Call<Result>['decode'] = (reply, asked) =>
    decode(
      about,
      openEnvelope(about, reply, documented, () => secretsIn(asked)),
      asked,
    );
  const make = (api: Access, params: Params<Path>, ...[payload]: Payloads<Payload>) => {
    const path = pathOf(params);
    const { origin, timeouts } = api;
    const timeoutMs = timeouts[about.kind];
    // All of its members are here, so that every call has the same shape in memory.
    const call: Call<Result> = {
      endpoint: about.endpoint,
      kind: about.kind,
      origin,
      params,
      payload,
      method,
      path: method === 'GET' && payload ? path + queryString(payload) : path,
      body: method === 'POST' && payload ? JSON.stringify(payload) : undefined,
      resource: `${method} ${path}`,
      invalidates: resources.length > 0 ? resources.map((fill) => fill(params)) : NOTHING,
      deadline: Math.min(api.clock.now() + timeoutMs, api.deadline),
      timeoutMs,
      signal: api.signal,
      decode: decodeReply,
      // Known once the call has begun.
      key: '',
      isInDoubt: false,
      revalidation: undefined,
    };
    return api.ask(call, api.usage);
  };
  return Object.assign(make, { route: about.endpoint as Path });
}

const NOTHING: readonly string[] = [];

/** What an answer may not quote; these are the names that the API gives to a licence key and to source code. */
function secretsIn({ origin, payload = {} }: Asked): Secrets {
  const { key, script } = payload as { key?: unknown; script?: unknown };
  return {
    keys: typeof key === 'string' ? [origin.key, key] : [origin.key],
    source: typeof script === 'string' ? script : undefined,
  };
}

/**
 * What fills a route's ids in. It is the last guard before anything is sent: the schema has refused a malformed id with
 * the argument's name by now.
 */
function routeFiller(route: string): (params: Readonly<Record<string, string>>) => string {
  const template = route.slice(route.indexOf(' ') + 1);
  const method = route.slice(0, route.length - template.length);
  // Text and names in turn, such as '/scripts/', 'script_id', '/sessions'.
  const pieces = template.split(/:(\w+)/);
  return (params) => {
    let filled = method;
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index] as string;
      filled += index % 2 === 0 ? piece : segment(piece, params[piece]);
    }
    return filled;
  };
}

function segment(name: string, id: unknown): string {
  if (!isId(id)) throw new TypeError(`${name} is not an id`);
  return encodeURIComponent(id);
}

/** Each value exactly one parameter, spaces as %20; undefined ones are left out. */
function queryString(payload: object): string {
  const pairs = Object.entries(payload).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
