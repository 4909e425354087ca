import { isObject } from './fields.ts';
import {
  type Behaviour,
  type DelayedReply,
  internalServerError,
  invalid,
  invalidEndpoint,
  type SandboxReply,
  unknownKey,
} from './handler.ts';
import type { Body } from './http.ts';
import { isSandboxKey } from './keys.ts';
import type { Matched } from './router.ts';
import type { SandboxState } from './state.ts';
import { passTime, visit } from './time.ts';

interface Arrived {
  state: SandboxState;
  matched: Matched | undefined;
  token: string | string[] | undefined;
  body: Body;
  path: string;
  now: number;
  behaviour: Behaviour;
  unknownKeyAdvice: string | undefined;
}

/** Checks the endpoint, the key and the body, and then calls the endpoint. */
export function handle(arrived: Arrived): SandboxReply | DelayedReply {
  const { state, matched, token, body, path, now, behaviour, unknownKeyAdvice } = arrived;
  passTime(state, now);
  visit(state, now, behaviour.guestEveryMs);
  if (!matched) return invalidEndpoint;
  if (!isSandboxKey(token)) return unknownKey(unknownKeyAdvice);
  if (body.problem) return invalid([{ field: 'body', errors: [body.problem] }]);
  const { value = {} } = body;
  if (!isObject(value)) return invalid([{ field: 'body', errors: ['must be an object'] }]);
  const mark = path.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : path.slice(mark + 1));
  try {
    return matched.handler({ state, key: token, id: matched.id, query, body: value, now, behaviour });
  } catch {
    return internalServerError;
  }
}
