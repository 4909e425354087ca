import type { Timeouts } from '../../luaauth/api.ts';
import { rayOf } from '../../luaauth/proxy-answer.ts';
import { redact } from '../../luaauth/redact.ts';
import { Refused } from '../../luaauth/refusal.ts';
import type { Difference } from '../../observability/difference.ts';
import { type Call, headerIn, type Reply } from '../../transport/call.ts';
import { BadResponse, CallFailure } from '../../transport/errors.ts';
import { openDirectAccess } from './direct-access.ts';
import { PROBED_READS, type ProbedIds, type ProbedRead } from './probed-reads.ts';

const MAX_CALLS = 10;

interface ProbeOptions {
  readonly url: URL;
  readonly key: string;
  readonly timeouts: Timeouts;
  readonly ids: ProbedIds;
  readonly compare: (call: Call<unknown>, reply: Reply) => readonly Difference[];
}

/** A documented read, and its answer in names and types. */
export interface ReadReport {
  readonly endpoint: string;
  /** `not asked`: an id is unknown, or an earlier read had no answer. */
  readonly outcome: 'as documented' | 'differs' | 'refused' | 'failed' | 'not asked';
  readonly status: number | undefined;
  readonly ms: number | undefined;
  readonly differences: readonly Difference[];
  readonly reason: string | undefined;
  /** Whether the id was given on the command line. */
  readonly isGiven: boolean;
}

/** Facts from headers, which a proxy may have set. Texts are shortened and without keys. */
export interface FrontReport {
  readonly server: string | undefined;
  /** Cloudflare's name of the last request. */
  readonly ray: string | undefined;
  /** The API's time minus this machine's time. The API gives whole seconds. */
  readonly clockAheadSeconds: number | undefined;
  /** Headers about rates, by name. */
  readonly rates: Readonly<Record<string, string>>;
}

export interface Probe {
  readonly calls: number;
  readonly reads: readonly ReadReport[];
  readonly front: FrontReport;
  /** The failure after which the probe stopped. */
  readonly failure: CallFailure | undefined;
}

interface Seen {
  reply: Reply | undefined;
  differences: readonly Difference[];
}

/** Makes each documented read whose id is known once, and compares the answers with the documentation. */
export async function probe({ url, key, timeouts, ids: given, compare }: ProbeOptions): Promise<Probe> {
  const seen: Seen = { reply: undefined, differences: [] };
  const api = openDirectAccess({
    url,
    key,
    timeouts,
    onReply(reply, call) {
      seen.reply = reply;
      seen.differences = compare(call, reply);
    },
  });
  const secrets = { keys: [key, given.key ?? key], texts: [] };
  const front = createFront((text) => redact(text, secrets));
  const reports = new Map<ProbedRead, ReadReport>();
  let ids = given;
  let failure: CallFailure | undefined;

  const ask = async (read: ProbedRead, id: string): Promise<ReadReport> => {
    Object.assign(seen, { reply: undefined, differences: [] });
    const begunAt = Date.now();
    const from = performance.now();
    const failed = await read.ask(api.forOneCall(), id).then(
      (learnt) => {
        ids = { ...definedOf(learnt), ...ids };
        return undefined;
      },
      (error: unknown) => {
        if (error instanceof CallFailure) return error;
        throw error;
      },
    );
    const ms = Math.round(performance.now() - from);
    const { reply, differences } = seen;
    if (reply) front.add(reply, begunAt, ms);
    // Before the API's first answer, another server may be answering.
    const isApi = differences.length > 0 || reports.size > 0;
    if (failed && !(failed instanceof Refused) && !(failed instanceof BadResponse && isApi)) failure = failed;
    return {
      endpoint: read.endpoint,
      outcome: outcomeOf(failed, differences),
      status: reply?.status,
      ms,
      differences,
      reason: failed && redact(failed.message, secrets),
      isGiven: read.needs !== undefined && given[read.needs] !== undefined,
    };
  };

  try {
    while (reports.size < MAX_CALLS && failure === undefined) {
      const next = PROBED_READS.find(
        (read) => !reports.has(read) && (read.needs === undefined || ids[read.needs] !== undefined),
      );
      if (!next) break;
      reports.set(next, await ask(next, (next.needs && ids[next.needs]) ?? ''));
    }
  } finally {
    await api.close();
  }
  const whyNot = (read: ProbedRead) => {
    if (failure) return 'an earlier read had no answer';
    return read.needs === undefined || ids[read.needs] !== undefined
      ? `a probe makes at most ${MAX_CALLS} calls`
      : ADVICE[read.needs];
  };
  const reads = PROBED_READS.map((read) => reports.get(read) ?? notAsked(read.endpoint, whyNot(read)));
  return { calls: reports.size, reads, front: front.report(), failure };
}

const ADVICE = {
  script: 'no script is known: give script=ID',
  project: 'no project is known: give project=ID',
  key: 'no licence key is known: give key=KEY',
  session: 'no session is known: give script=ID of a script with a session',
  system: 'the account has no ad system',
} as const;

function notAsked(endpoint: string, reason: string): ReadReport {
  const none = { status: undefined, ms: undefined, differences: [], isGiven: false };
  return { endpoint, outcome: 'not asked', reason, ...none };
}

function outcomeOf(
  failed: CallFailure | undefined,
  differences: readonly Difference[],
): ReadReport['outcome'] {
  if (failed instanceof Refused) return 'refused';
  if (differences.length > 0) return 'differs';
  return failed ? 'failed' : 'as documented';
}

function definedOf(ids: ProbedIds): ProbedIds {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined));
}

const ABOUT_RATES = /rate-?limit|quota|^retry-after$/;
const MAX_HEADERS = 10;
const MAX_HEADER_LENGTH = 100;

function createFront(hide: (text: string) => string) {
  const cut = (text: string) => hide(text).slice(0, MAX_HEADER_LENGTH);
  const rates = new Map<string, string>();
  let server: string | undefined;
  let ray: string | undefined;
  let clockAheadSeconds: number | undefined;
  let leastMs = Number.POSITIVE_INFINITY;
  return {
    add(reply: Reply, begunAt: number, ms: number) {
      const { headers } = reply;
      const said = headerIn(headers, 'server');
      if (said !== undefined) server = cut(said);
      ray = rayOf(reply) ?? ray;
      for (let index = 0; index < headers.length; index += 2) {
        const name = cut(String(headers[index]).toLowerCase());
        if (!ABOUT_RATES.test(name) || (rates.size === MAX_HEADERS && !rates.has(name))) continue;
        rates.set(name, cut(headerIn(headers, name) ?? ''));
      }
      const date = Date.parse(headerIn(headers, 'date') ?? '');
      // The fastest answer gives the most exact difference.
      if (Number.isNaN(date) || ms >= leastMs) return;
      leastMs = ms;
      // The header has no milliseconds: half a second on average.
      clockAheadSeconds = Math.round((date + 500 - begunAt - ms / 2) / 100) / 10;
    },
    report: (): FrontReport => ({ server, ray, clockAheadSeconds, rates: Object.fromEntries(rates) }),
  };
}
