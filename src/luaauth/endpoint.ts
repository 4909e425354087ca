import type { AnswerWatch } from '../transport/answer-watch.ts';
import type { About, Asked, Call, Origin, Reply } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { stringifyExactJson } from '../transport/json.ts';
import type { Access } from './api.ts';
import { unusableMembers } from './decoders.ts';
import { differencesIn, type ObjectForm } from './documented-answer.ts';
import { type JsonObject, openEnvelope, type ParseAnswer } from './envelope.ts';
import { type Secrets, secretsIn } from './redact.ts';
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

/** Calls one endpoint: the parameters of its path, then its payload (query parameters of a GET, JSON body of a POST). */
export interface Endpoint<Path extends RouteTemplate, Payload, Result> extends Declaration {
  (api: Access, params: Params<Path>, ...payload: Payloads<Payload>): Promise<Result>;
  readonly route: Path;
}

/** All that is known of an endpoint without calling it. */
export interface Declaration {
  readonly route: RouteTemplate;
  readonly kind: About['kind'];
  /** The parts that a read is part of, or a write touches. */
  readonly parts: readonly Part[];
  /** Further things that a call is about: a caller must have access to them. */
  readonly about: readonly Part[];
  /** The resource of which the answer is one: it shows what that belongs to. */
  readonly shows?: Resource | undefined;
  /** Leaves in an answer the things that a caller has access to. */
  readonly narrow?: Narrow<unknown> | undefined;
  /** Whether it shows nothing of the account's own, so that it is for everybody, whatever they have access to. */
  readonly isForAll?: boolean | undefined;
  /** Which of the times of freshness is its own: `CACHE_TTL_<freshFor>`. */
  readonly freshFor?: string | undefined;
  /** The codes that it documents. */
  readonly refusals: DocumentedCodes;
  /** The documented members of a success, beside `success`. */
  readonly documented: ObjectForm;
  /** Whether a second request would do it twice: then there is never a second one, even if nothing came of the first. */
  readonly isSentOnce: boolean;
  /** The time limit of the endpoint in ms; undefined: the limit of reads or writes. */
  readonly timeoutMs?: number | undefined;
  /** How to find out whether a write was carried out, where a read does not show it. */
  readonly ifUnknown?: string | undefined;
}

/** Takes out of a result the things without access. */
type Narrow<Result> = (
  result: Result,
  hasAccess: (resource: Resource, id: string | undefined) => boolean,
) => Result;

type Payloads<Payload> = Payload extends undefined ? [] : [payload: Payload];

/** The properties of the result, or of each of its rows, that repeat what was asked for in the path. */
type Repeats<Path extends string, Result> = {
  readonly [Property in keyof (Result extends readonly (infer Row)[]
    ? Row
    : NonNullable<Result>)]?: ParamName<Path>;
};

/** The names of a payload's members. */
export type MemberOf<Payload> = Payload extends object ? keyof Payload & string : never;

interface PayloadType<Payload> {
  readonly sample?: Payload;
}

/** Says what an endpoint is sent: `payload: a<WireScriptEdit>()`. */
export function a<Payload extends object>(): PayloadType<Payload> {
  return {};
}

type Parts<Path extends string, Payload> = readonly Part<ParamName<Path>, MemberOf<NoInfer<Payload>>>[];

interface Options<Path extends RouteTemplate, Payload, Result>
  extends Partial<
    Pick<
      Declaration,
      'shows' | 'isForAll' | 'freshFor' | 'refusals' | 'documented' | 'isSentOnce' | 'timeoutMs' | 'ifUnknown'
    >
  > {
  readonly payload?: PayloadType<Payload>;
  /** The member of the opened envelope that `answer` is given, whatever it is; the whole of it by default. */
  readonly member?: string;
  /** Turns the opened envelope into the result, which is plain JSON data. The raw reply shows what that no longer does. */
  readonly answer?: (about: About, json: JsonObject, payload: Payload, raw: Reply, origin: Origin) => Result;
  /** An answer in which what is repeated of the path is something else answers another question: a BadResponse. */
  readonly repeats?: Repeats<Path, Result>;
  /** Things that a call is about beside what it reads or touches. */
  readonly about?: Parts<Path, Payload>;
  /** For an answer that shows more than one caller may have access to. */
  readonly narrow?: Narrow<Result>;
  /** Gives the part of the payload that is sent; the whole of it by default. */
  readonly body?: (payload: Payload) => object;
  /** Whether the operation has time for one more read after the call, however long the call took. */
  readonly isReadAgain?: boolean;
  readonly parse?: ParseAnswer;
  readonly secrets?: (asked: Asked) => Secrets;
}

type OfReads = 'payload' | 'member' | 'documented' | 'repeats' | 'about' | 'shows' | 'narrow' | 'isForAll';

interface ReadOptions<Path extends RouteTemplate, Payload, Result>
  extends Pick<Options<Path, Payload, Result>, OfReads>,
    Required<Pick<Options<Path, Payload, Result>, 'answer' | 'freshFor'>> {
  /** Whatever touches one of these makes an answer old. */
  readonly partOf: Parts<Path, Payload>;
}

/** A write without an `answer` answers no more than `{ "success": true }`. */
interface WriteOptions<Path extends RouteTemplate, Payload, Result>
  extends Omit<Options<Path, Payload, Result>, 'freshFor' | 'narrow' | 'isForAll'> {
  /** Every read that is part of one of these is made again. */
  readonly touches: Parts<Path, Payload>;
}

/** Declares an endpoint that changes nothing. */
export function read<
  const Path extends RouteTemplate,
  Result,
  Payload extends object | undefined = undefined,
>(route: Path, { partOf, ...options }: ReadOptions<Path, Payload, Result>): Endpoint<Path, Payload, Result> {
  return endpoint(route, 'read', partOf, options);
}

/** Declares an endpoint that changes something, or has something done. It is repeated only if it was not carried out. */
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
  const { parse, member, secrets = secretsIn, freshFor = '', refusals = {}, isSentOnce = false } = options;
  const { documented = {} } = options;
  const about: About = { endpoint: route, kind };
  const [method, template] = route.split(' ') as ['GET' | 'POST', string];
  const pathOf = pathFiller(template);
  const resourcesOf = namesOf(kind, parts);
  const repeated = Object.entries(repeats) as [string, string][];
  const decode = (reply: Reply, asked: Asked, watch?: AnswerWatch): Result => {
    const opened = openEnvelope(about, reply, refusals, () => secrets(asked), parse);
    const unusableBefore = unusableMembers;
    let looksDocumented = false;
    try {
      const given = member === undefined ? opened : (opened[member] as JsonObject);
      const result = answer(about, given, asked.payload as Payload, reply, asked.origin);
      for (const [property, param] of repeated) {
        const wanted = asked.params[param];
        for (const row of Array.isArray(result) ? result : [result ?? {}]) {
          const given = row[property];
          // An id that cannot be used proves nothing: it is an error at its field.
          if (given === undefined || given === wanted) continue;
          if (String(given).toLowerCase() === wanted?.toLowerCase()) continue;
          throw new BadResponse(about, 'it is about something else', { isMisdirected: true });
        }
      }
      looksDocumented = unusableMembers === unusableBefore;
      return result;
    } finally {
      // The decoder notices members that are missing or of another type. Only a look at all names finds new members.
      if (watch && (watch.isDue(route) || !looksDocumented))
        watch.differs(route, differencesIn(opened, documented, secrets(asked).keys));
    }
  };
  const call = (api: Access, params: Params<Path>, ...[payload]: Payloads<Payload>) => {
    const path = pathOf(params);
    const { origin, timeouts, clock } = api;
    const timeoutMs = options.timeoutMs ?? timeouts[kind];
    const deadline = clock.now() + timeoutMs;
    const sent = payload && body(payload as Payload);
    // All of its members are here, so that every call has the same shape in memory.
    const made: Call<Result> = {
      endpoint: route,
      kind,
      origin,
      params,
      payload,
      method,
      path: method === 'GET' && sent ? path + queryString(sent) : path,
      body: method === 'POST' && sent ? stringifyExactJson(sent) : undefined,
      resources: resourcesOf({ origin, params, payload }),
      freshFor,
      deadline: options.timeoutMs === undefined ? Math.min(deadline, api.deadline) : deadline,
      timeoutMs,
      waitsForOthers: options.timeoutMs !== undefined,
      isSentOnce,
      signal: api.signal,
      decode,
      // Known once the call has begun.
      key: '',
      isInDoubt: false,
      partition: 0,
      isUnshared: false,
      inFlight: undefined,
      revalidation: undefined,
    };
    const answer = api.ask(made, api.usage);
    return options.isReadAgain ? answer.finally(() => extend(api)) : answer;
  };
  const { about: further = [], shows, isForAll } = options;
  const narrow = options.narrow as Narrow<unknown> | undefined;
  const { timeoutMs, ifUnknown } = options;
  const declared = {
    ...{ route, kind, parts, about: further, shows, narrow, isForAll, refusals, isSentOnce },
    ...{ documented, timeoutMs, ifUnknown },
  };
  return Object.assign(call, declared, { freshFor: options.freshFor });
}

/** Gives an operation the time of a read, from now on. */
function extend(api: Access): void {
  api.deadline = Math.max(api.deadline, api.clock.now() + api.timeouts.read);
}
