import { isObject } from '../../../luaauth/envelope.ts';
import { type AskedGateway, NoAnswer } from '../ask-gateway.ts';
import type { RowSender } from './row-sender.ts';

/** LuaAuth's documented quota, in calls per second. */
const QUOTA = 50;
/** How many seconds of the quota to send ahead, so that the gateway's queue is never empty. */
const SECONDS_AHEAD = 2;
const MOST_IN_FLIGHT = 200;

/** The most REST calls of one row. Undefined if the gateway refuses the operation with these values. */
export async function priceOf(
  sender: RowSender,
  values: Readonly<Record<string, unknown>>,
): Promise<number | undefined> {
  const answer: unknown = JSON.parse(await sender.ask(values, true));
  const price = upstreamOf(answer)?.price;
  return typeof price === 'number' ? price : undefined;
}

function upstreamOf(answer: unknown): Readonly<Record<string, unknown>> | undefined {
  const extensions = isObject(answer) ? answer.extensions : undefined;
  const upstream = isObject(extensions) ? extensions.upstream : undefined;
  return isObject(upstream) ? upstream : undefined;
}

/**
 * The calls per second that the gateway allows the key now. Few until LuaAuth has accepted the key. Undefined if the gateway
 * does not answer, for example during a restart.
 */
export async function quotaOf(gateway: AskedGateway): Promise<number | undefined> {
  let answer: unknown;
  try {
    answer = JSON.parse(await gateway.ask({ query: '{ rateLimit { limit } }' }));
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof SyntaxError) return undefined;
    throw error;
  }
  const data = isObject(answer) ? answer.data : undefined;
  const quota = isObject(data) ? data.rateLimit : undefined;
  const limit = isObject(quota) ? quota.limit : undefined;
  return typeof limit === 'number' ? limit : QUOTA;
}

const BEFORE_ACCEPTED = 5;

/** Once LuaAuth has accepted the key. */
export async function laterQuotaOf(gateway: AskedGateway): Promise<number> {
  const now = await quotaOf(gateway);
  return now === undefined || now === BEFORE_ACCEPTED ? QUOTA : now;
}

/** How many rows to have in flight. The gateway sends their calls as the quota allows. */
export function rowsInFlight(quota: number, price: number): number {
  return Math.max(1, Math.min(MOST_IN_FLIGHT, Math.ceil((quota * SECONDS_AHEAD) / Math.max(1, price))));
}
