import type { Clock } from '../../base/clock.ts';
import type { Ask } from '../../luaauth/api.ts';
import { ENDPOINTS } from '../../luaauth/endpoints.ts';
import { openEnvelope } from '../../luaauth/envelope.ts';
import type { AnswerObserver, Difference, EndpointDifference } from '../../observability/difference.ts';
import type { Call, Reply } from '../../transport/call.ts';
import { differencesIn } from './differences-in.ts';

/** Comparing every answer would cost more than decoding it. */
const COMPARE_EVERY_MS = 1_000;
const REPORT_AGAIN_AFTER_MS = 3_600_000;
/** The API chooses the names. Further differences share the name `others`, one of each kind. */
const MAX_KNOWN = 197;
const OTHERS = 'others';

/** Compares one answer of each endpoint a second with its documentation, and tells the observers about differences. */
export function watchAnswers(ask: Ask, clock: Clock, observers: readonly AnswerObserver[]): Ask {
  const comparedAt = new Map<string, number>();
  const report = createReport(clock, observers);
  const isDue = (endpoint: string) => {
    const last = comparedAt.get(endpoint);
    return last === undefined || clock.now() - last >= COMPARE_EVERY_MS;
  };
  return (call, usage) => {
    const { endpoint } = call;
    if (!isDue(endpoint)) return ask(call, usage);
    const decode: typeof call.decode = (reply, asked) => {
      if (isDue(endpoint)) {
        comparedAt.set(endpoint, clock.now());
        for (const difference of compareAnswer(call, reply)) report({ endpoint, ...difference });
      }
      return call.decode(reply, asked);
    };
    return ask({ ...call, decode }, usage);
  };
}

/** How the members of a success differ from their documentation. None for any other answer, which decoding reports. */
export function compareAnswer(call: Call<unknown>, reply: Reply): readonly Difference[] {
  const { documented = {}, refusals = {} } = ENDPOINTS.of(call.endpoint) ?? {};
  const { origin, params, payload = {} } = call;
  const sent = [origin.key, ...Object.values(params), ...Object.values(payload)];
  try {
    return differencesIn(openEnvelope(call, reply, refusals, origin.key), documented, sent);
  } catch {
    return [];
  }
}

function createReport(clock: Clock, observers: readonly AnswerObserver[]) {
  const reportedAt = new Map<string, number>();
  return (found: EndpointDifference): void => {
    let difference = found;
    let name = nameOf(found);
    if (reportedAt.size >= MAX_KNOWN && !reportedAt.has(name)) {
      difference = { ...found, endpoint: OTHERS, member: OTHERS };
      name = nameOf(difference);
    }
    const now = clock.now();
    const last = reportedAt.get(name);
    const isFirstReport = last === undefined || now - last >= REPORT_AGAIN_AFTER_MS;
    if (isFirstReport) reportedAt.set(name, now);
    for (const observer of observers) observer.differed?.(difference, isFirstReport);
  };
}

function nameOf({ endpoint, member, kind }: EndpointDifference): string {
  return `${kind} ${endpoint} ${member}`;
}
