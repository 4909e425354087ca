import type { About, Asked, Call, Origin, Reply } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { stringifyExactJson } from '../transport/exact-json.ts';
import type { Access } from './api.ts';
import { type JsonObject, openEnvelope, type ParseAnswer } from './envelope.ts';
import { type Secrets, secretsIn } from './redact.ts';
import type { DocumentedCodes } from './refusal.ts';
import { type ParamName, type Params, queryString, type Route, routeFiller } from './route.ts';

/** Calls one endpoint: the parameters of its path, then its payload (query parameters of a GET, JSON body of a POST). */
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
      loss: 0,
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
