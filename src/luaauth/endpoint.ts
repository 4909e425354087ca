import { stringifyExactJson } from '../base/json.ts';
import { type About, type Asked, type Call, NO_NOTES, type Origin, type Reply } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import type { Access } from './api.ts';
import type { ObjectForm } from './documented-form.ts';
import { type JsonObject, openEnvelope } from './envelope.ts';
import type { DocumentedCodes } from './refusal.ts';
import {
  namesOf,
  type ParamName,
  type Params,
  type Part,
  pathFiller,
  queryString,
  type Resource,
  type RouteTemplate,
} from './resource.ts';

/** Calls an endpoint with the ids of its path and its payload: query parameters of a GET, JSON body of a POST. */
export interface Endpoint<Path extends RouteTemplate, Payload, Result> extends Declaration {
  (api: Access, params: Params<Path>, ...payload: Payloads<Payload>): Promise<Result>;
  readonly route: Path;
}

export interface Declaration {
  readonly route: RouteTemplate;
  readonly kind: About['kind'];
  /** The parts that a read shows or a write touches. */
  readonly parts: readonly Part[];
  /** Further resources that a call names: the caller needs access to them. */
  readonly about: readonly Part[];
  readonly shows?: Resource | undefined;
  /** Removes objects from an answer that the caller has no access to. */
  readonly narrow?: Narrow<unknown> | undefined;
  /** Whether the answer is the same for every account, so that every caller may see it. */
  readonly isPublic?: boolean | undefined;
  /** The name of its freshness time: as in `CACHE_TTL=<freshFor>=5s`. */
  readonly freshFor?: string | undefined;
  readonly refusals: DocumentedCodes;
  /** The documented members of a success, without `success`. */
  readonly documented: ObjectForm;
  /** Whether a second request would repeat the effect. Such a request is never sent again, even if the first had no answer. */
  readonly isSentOnce: boolean;
  /** The time limit in ms; by default the limit of reads or writes. */
  readonly timeoutMs?: number | undefined;
  /** How a caller can find out whether a write was carried out, if no read shows it. */
  readonly ifUnknown?: string | undefined;
}

type Narrow<Result> = (
  result: Result,
  hasAccess: (resource: Resource, id: string | undefined) => boolean,
) => Result;

/** The payload as arguments. */
export type Payloads<Payload> = Payload extends undefined ? [] : [payload: Payload];

/** Properties of the result, or of each row, that repeat an id of the path. */
type Repeats<Path extends string, Result> = {
  readonly [Property in keyof (Result extends readonly (infer Row)[]
    ? Row
    : NonNullable<Result>)]?: ParamName<Path>;
};

export type MemberOf<Payload> = Payload extends object ? keyof Payload & string : never;

interface PayloadType<Payload> {
  readonly sample?: Payload;
}

/** Gives the type of an endpoint's payload: `payload: a<WireScriptEdit>()`. */
export function a<Payload extends object>(): PayloadType<Payload> {
  return {};
}

type Parts<Path extends string, Payload> = readonly Part<ParamName<Path>, MemberOf<NoInfer<Payload>>>[];

interface Options<Path extends RouteTemplate, Payload, Result>
  extends Partial<
    Pick<
      Declaration,
      'shows' | 'isPublic' | 'freshFor' | 'refusals' | 'documented' | 'isSentOnce' | 'timeoutMs' | 'ifUnknown'
    >
  > {
  readonly payload?: PayloadType<Payload>;
  /** The member of the answer that `answer` receives; by default the whole answer. */
  readonly member?: string;
  /** Converts the answer to plain JSON data. An integer past 2^53 is a bigint in `json`. */
  readonly answer?: (about: About, json: JsonObject, payload: Payload, origin: Origin) => Result;
  /** If a repeated id differs from the path, the answer belongs to another request and is a BadResponse. */
  readonly repeats?: Repeats<Path, Result>;
  readonly about?: Parts<Path, Payload>;
  readonly narrow?: Narrow<Result>;
  /** Selects the part of the payload that is sent; by default all of it. */
  readonly body?: (payload: Payload) => object;
  /** Gives the operation time for another read after this call, however long the call took. */
  readonly extendsDeadline?: boolean;
}

type OfReads = 'payload' | 'member' | 'documented' | 'repeats' | 'about' | 'shows' | 'narrow' | 'isPublic';

interface ReadOptions<Path extends RouteTemplate, Payload, Result>
  extends Pick<Options<Path, Payload, Result>, OfReads>,
    Required<Pick<Options<Path, Payload, Result>, 'answer' | 'freshFor'>> {
  /** A write that touches one of these makes the answer stale. */
  readonly partOf: Parts<Path, Payload>;
}

/** Without `answer` the endpoint is documented to return only `{ "success": true }`. */
interface WriteOptions<Path extends RouteTemplate, Payload, Result>
  extends Omit<Options<Path, Payload, Result>, 'freshFor' | 'narrow' | 'isPublic'> {
  /** Reads that are part of one of these are made again. */
  readonly touches: Parts<Path, Payload>;
}

export function read<
  const Path extends RouteTemplate,
  Result,
  Payload extends object | undefined = undefined,
>(route: Path, { partOf, ...options }: ReadOptions<Path, Payload, Result>): Endpoint<Path, Payload, Result> {
  return endpoint(route, 'read', partOf, options);
}

/** Declares an endpoint with an effect. A call is repeated only if it was not carried out. */
export function write<
  const Path extends RouteTemplate,
  Result = void,
  Payload extends object | undefined = undefined,
>(
  route: Path,
  { touches, ...options }: WriteOptions<Path, Payload, Result>,
): Endpoint<Path, Payload, Result> {
  return endpoint(route, 'write', touches, options);
}

function endpoint<Path extends RouteTemplate, Payload extends object | undefined, Result>(
  route: Path,
  kind: About['kind'],
  parts: readonly Part[],
  options: Options<Path, Payload, Result>,
): Endpoint<Path, Payload, Result> {
  const { answer = () => undefined as Result, repeats = {}, body = (payload) => payload as object } = options;
  const { member, freshFor = '', refusals = {}, isSentOnce = false } = options;
  const about: About = { endpoint: route, kind };
  const [method, template] = route.split(' ') as ['GET' | 'POST', string];
  const rules = { method, freshFor, waitsForOthers: options.timeoutMs !== undefined, isSentOnce };
  const pathOf = pathFiller(template);
  const resourcesOf = namesOf(kind, parts);
  const repeated = Object.entries(repeats) as [string, string][];
  const decode = (reply: Reply, asked: Asked): Result => {
    const opened = openEnvelope(about, reply, refusals, asked.origin.key);
    const given = member === undefined ? opened : (opened[member] as JsonObject);
    const result = answer(about, given, asked.payload as Payload, asked.origin);
    for (const [property, param] of repeated) {
      const wanted = asked.params[param];
      for (const row of Array.isArray(result) ? result : [result ?? {}]) {
        const given = row[property];
        // An unusable id proves nothing: it is an error at its field.
        if (given === undefined || given === wanted) continue;
        if (String(given).toLowerCase() === wanted?.toLowerCase()) continue;
        throw new BadResponse(about, 'it is about something else', { isMisdirected: true });
      }
    }
    return result;
  };
  const call = (api: Access, params: Params<Path>, ...[payload]: Payloads<Payload>) => {
    const path = pathOf(params);
    const { origin, timeouts, clock } = api;
    const timeoutMs = options.timeoutMs ?? timeouts[kind];
    const now = clock.now();
    const deadline = now + timeoutMs;
    // A slow call may end after the time of the operation, but not begin after it.
    const mayEndLate = options.timeoutMs !== undefined && now < api.deadline;
    const sent = payload && body(payload as Payload);
    const target = method === 'GET' && sent ? path + queryString(sent) : path;
    const text = method === 'POST' && sent ? stringifyExactJson(sent) : undefined;
    const made: Call<Result> = {
      endpoint: route,
      kind,
      origin,
      params,
      payload,
      rules,
      path: target,
      body: text,
      name: `${origin.account} ${method} ${target} ${text ?? ''}`,
      resources: resourcesOf({ origin, params, payload }),
      deadline: mayEndLate ? deadline : Math.min(deadline, api.deadline),
      timeoutMs,
      signal: api.signal,
      decode,
      notes: NO_NOTES,
    };
    const answer = api.ask(made, api.usage);
    return options.extendsDeadline ? answer.finally(() => extend(api)) : answer;
  };
  return Object.assign(call, {
    route,
    kind,
    parts,
    about: options.about ?? [],
    shows: options.shows,
    narrow: options.narrow as Narrow<unknown> | undefined,
    isPublic: options.isPublic,
    freshFor: options.freshFor,
    refusals,
    documented: options.documented ?? {},
    isSentOnce,
    timeoutMs: options.timeoutMs,
    ifUnknown: options.ifUnknown,
  });
}

function extend(api: Access): void {
  api.deadline = Math.max(api.deadline, api.clock.now() + api.timeouts.read);
}
