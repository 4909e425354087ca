import type { About, Asked, Call, Origin, Reply } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { stringifyExactJson } from '../transport/exact-json.ts';
import type { Access } from './api.ts';
import { isId } from './decoders.ts';
import { type JsonObject, openEnvelope, type ParseAnswer } from './envelope.ts';
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

/** `text` is the answer as it came, for what its value no longer shows. */
type Decode<Payload, Result> = (about: About, answer: JsonObject, payload: Payload, text: string) => Result;

/** The properties of the result, or of each of its rows, that repeat what was asked for in the path. */
type Repeats<Path extends string, Result> = {
  readonly [Property in keyof (Result extends readonly (infer Row)[]
    ? Row
    : NonNullable<Result>)]?: ParamName<Path>;
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
    { widerResource }: ReadOptions = {},
  ) =>
    endpoint<Path, Payload, Result>(
      { endpoint: route, kind: 'read' },
      { widerResource, decode: decodeChecked(decode, repeats) },
    );
}

interface ReadOptions {
  readonly widerResource?: WiderResource;
}

/** Names what several resources of a caller's are a part of, for writes that cannot tell which of them they touch. */
type WiderResource = (origin: Origin) => string;

function decodeChecked<Payload, Result>(decode: Decode<Payload, Result>, repeats: object) {
  const pairs = Object.entries(repeats) as [string, string][];
  return (about: About, answer: JsonObject, asked: Asked, text: string): Result => {
    const result = decode(about, answer, asked.payload as Payload, text);
    for (const row of Array.isArray(result) ? result : [result ?? {}]) checkRepeats(about, row, asked, pairs);
    return result;
  };
}

interface ReadOptions {
  /** Names what several resources of a caller's are a part of, for writes that cannot tell which of them they touch. */
  readonly widerResource?: ((origin: Origin) => string) | undefined;
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

/** Names of resources that a write touches: reads, for the same ids and whatever their payload, and wider resources. */
type Touched = readonly (Route | WiderResource)[] | ((asked: Asked) => readonly string[]);

/**
 * Makes an endpoint that changes something: what it touches, as a function where the path does not name it, and the
 * error codes that it documents. `decode` is for one that answers more than `{ "success": true }`.
 */
export function writeEndpoint<Payload extends object | undefined = undefined, Result = void>() {
  return <const Path extends Route>(
    route: Path,
    invalidates: Touched,
    documented: DocumentedCodes = {},
    decode: Decode<Payload, Result> = () => undefined as Result,
    repeats: Repeats<Path, Result> = {},
  ) =>
    endpoint<Path, Payload, Result>(
      { endpoint: route, kind: 'write' },
      { invalidates, documented, decode: decodeChecked(decode, repeats) },
    );
}

interface PatientOptions<Result> {
  /** How long the API may take, in ms, whatever the time limits of reads, writes and operations are. */
  readonly timeoutMs: number;
  readonly parse: ParseAnswer;
  readonly secrets: (asked: Asked) => Secrets;
  readonly decode: (about: About, answer: JsonObject, asked: Asked) => Result;
}

/**
 * Makes an endpoint that has something done by others and waits for them. It has a deadline of its own, is never
 * repeated, and changes nothing that can be read.
 */
export function patientEndpoint<Result, Payload extends object | undefined = undefined>() {
  return <const Path extends Route>(route: Path, options: PatientOptions<Result>) =>
    endpoint<Path, Payload, Result>({ endpoint: route, kind: 'write' }, options);
}

/** What differs between endpoints beside their route. */
interface EndpointOptions<Result> extends Partial<Omit<PatientOptions<Result>, 'decode'>> {
  readonly decode: (about: About, answer: JsonObject, asked: Asked, text: string) => Result;
  readonly invalidates?: Touched;
  readonly documented?: DocumentedCodes;
  readonly widerResource?: WiderResource | undefined;
}

function endpoint<Path extends Route, Payload extends object | undefined, Result>(
  about: About,
  options: EndpointOptions<Result>,
): Endpoint<Path, Payload, Result> {
  const { invalidates = [], documented = {}, secrets = secretsIn, parse, decode, widerResource } = options;
  const [method, template] = about.endpoint.split(' ') as ['GET' | 'POST', string];
  const pathOf = routeFiller(template);
  const touchedBy = typeof invalidates === 'function' ? invalidates : fillersOf(invalidates);
  const decodeReply = (reply: Reply, asked: Asked): Result =>
    decode(
      about,
      openEnvelope(about, reply, documented, () => secrets(asked), parse),
      asked,
      reply.text,
    );
  const make = (api: Access, params: Params<Path>, ...[payload]: Payloads<Payload>) => {
    const path = pathOf(params);
    const { origin, timeouts, clock } = api;
    const timeoutMs = options.timeoutMs ?? timeouts[about.kind];
    const deadline = clock.now() + timeoutMs;
    // All of its members are here, so that every call has the same shape in memory.
    const call: Call<Result> = {
      endpoint: about.endpoint,
      kind: about.kind,
      origin,
      params,
      payload,
      method,
      path: method === 'GET' && payload ? path + queryString(payload) : path,
      body: method === 'POST' && payload ? stringifyExactJson(payload) : undefined,
      resource: `${method} ${path}`,
      widerResource: widerResource?.(origin),
      invalidates: touchedBy({ origin, params, payload }),
      deadline: options.timeoutMs === undefined ? Math.min(deadline, api.deadline) : deadline,
      timeoutMs,
      waitsForOthers: options.timeoutMs !== undefined,
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

function fillersOf(touched: readonly (Route | WiderResource)[]): (asked: Asked) => readonly string[] {
  const fillers = touched.map((one) => {
    if (typeof one === 'function') return ({ origin }: Asked) => one(origin);
    const fill = routeFiller(one);
    return ({ params }: Asked) => fill(params);
  });
  return (asked) => (fillers.length > 0 ? fillers.map((fill) => fill(asked)) : NOTHING);
}

/** What an answer may not quote: these are the names that the API gives to licence keys, webhooks, notes and source code. */
function secretsIn({ origin, params, payload = {} }: Asked): Secrets {
  const given = payload as Readonly<Record<string, unknown>>;
  const keys = [params.user_key, given.key].filter(isText);
  const webhooks = [given.execution_webhook, given.information_webhook, given.blacklist_webhook].filter(
    isText,
  );
  return {
    keys: [origin.key, ...keys, ...webhooks.flatMap(secretsOfWebhook)],
    texts: [given.script, given.note].filter(isText),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The whole URL, and its long pieces: one of them is what lets its holder post. */
function secretsOfWebhook(url: string): string[] {
  return [url, ...url.split(/[/?#&=]/).filter((piece) => piece.length > 15)];
}

/**
 * What fills a route's ids in. It is the last guard before anything is sent: the schema has refused a malformed id with
 * the argument's name by now.
 */
export function routeFiller(route: string): (params: Readonly<Record<string, string>>) => string {
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
