import type { GraphQLError } from 'graphql';
import { type RefusalReason, Refused } from '../luaauth/refusal.ts';
import {
  BadResponse,
  type CallFailure,
  ClientLeft,
  CoordinationLost,
  RateLimited,
  TimedOut,
  Unavailable,
} from '../transport/errors.ts';
import { codedError } from './coded-error.ts';
import type { ErrorCode } from './codes.ts';

/** What a client sees of a call that gave no usable result. */
export function describe(failure: CallFailure): GraphQLError {
  const { endpoint } = failure;
  const outcome = failure.kind === 'write' ? { outcome: OUTCOME[failure.executed] } : {};
  const advice = failure.kind === 'write' ? ADVICE[failure.executed](thingOf(endpoint)) : '';
  const say = (code: ErrorCode, message: string, facts: object = {}) =>
    codedError(code, `${endpoint}: ${message}.${advice}`, { endpoint, ...outcome, ...facts });

  if (failure instanceof Refused) {
    const message = `LuaAuth refused: ${failure.message || failure.reason}`;
    return say(REFUSAL_CODES[failure.reason], message, refusalFacts(failure));
  }
  if (failure instanceof RateLimited) {
    const limit = failure.isOfCaller ? { limit: 'caller' } : {};
    return say('RATE_LIMITED', failure.message, { retryAfterMs: failure.retryAfterMs ?? null, ...limit });
  }
  if (failure instanceof CoordinationLost) {
    return say('COORDINATION_LOST', failure.message, { retryAfterMs: failure.retryAfterMs });
  }
  if (failure instanceof TimedOut || failure instanceof ClientLeft)
    return say('UPSTREAM_TIMEOUT', failure.message);
  if (failure instanceof Unavailable) return say('UPSTREAM_UNAVAILABLE', failure.message);
  if (failure instanceof BadResponse) return say('UPSTREAM_BAD_RESPONSE', failure.message);
  return say('UPSTREAM_ERROR', failure.message);
}

const OUTCOME = { no: 'NOT_EXECUTED', unknown: 'UNKNOWN' } as const;

const ADVICE = {
  no: () => ' Nothing was changed; it is safe to try again.',
  unknown: (thing: string) =>
    ` Whether it was carried out is unknown: read the ${thing} before you try again.`,
} as const;

/** What an endpoint is about: `script` of `POST /scripts/:script_id/edit`. */
function thingOf(endpoint: string): string {
  return /\/(\w+)s\//.exec(endpoint)?.[1] ?? 'resource';
}

const REFUSAL_CODES: Readonly<Record<RefusalReason, ErrorCode>> = {
  'not permitted': 'FORBIDDEN',
  'invalid fields': 'BAD_USER_INPUT',
  'account expired': 'FORBIDDEN',
  'tier too low': 'FORBIDDEN',
  'discord already linked': 'BAD_USER_INPUT',
  'already blacklisted': 'BAD_USER_INPUT',
  'not blacklisted': 'BAD_USER_INPUT',
  'nothing to edit': 'BAD_USER_INPUT',
  'internal server error': 'UPSTREAM_ERROR',
  'invalid endpoint': 'UPSTREAM_ERROR',
  undocumented: 'UPSTREAM_ERROR',
};

function refusalFacts(failure: Refused): object {
  switch (failure.reason) {
    case 'not permitted':
      return { reasons: failure.authorization };
    case 'invalid fields':
      return { fields: failure.fields };
    default:
      return { upstreamCode: failure.code };
  }
}
