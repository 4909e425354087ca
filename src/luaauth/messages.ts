import { stringifyExactJson } from '../base/json.ts';
import type { About, Origin } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { a, write } from './endpoint.ts';
import type { JsonObject } from './envelope.ts';
import { redact } from './redact.ts';
import { session } from './sessions.ts';
import type { WireMessage } from './wire.ts';

/** The most bytes of JSON that are sent to a handler, or that it may return. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

export const MAX_MESSAGE_DEPTH = 50;

/** The API waits up to 60 s for the client; the rest is for transmission. */
const TIMEOUT_MS = 65_000;

export type MessageOutcome =
  | { readonly processed: true; readonly response: unknown }
  | { readonly processed: false; readonly reason: MessageFailureReason; readonly detail: string };

/** The beginnings of the API's reasons, as `docs/luaauth-api.md#sessions` documents them. */
const REASONS = [
  ['function errored', 'FUNCTION_ERRORED'],
  ['invalid return data', 'INVALID_RETURN'],
  ['client never responded', 'NO_RESPONSE'],
  ["function doesn't exist", 'NO_SUCH_FUNCTION'],
  ['function doesnt exist', 'NO_SUCH_FUNCTION'],
] as const;

/** `UNKNOWN` for any other reason. */
export type MessageFailureReason = (typeof REASONS)[number][1] | 'UNKNOWN';

/** Waits for the client, and changes nothing that can be read. Integers past 2^53 are bigints, both ways. */
export const sendMessage = write('POST /sessions/:session_id/message', {
  payload: a<WireMessage>(),
  documented: { processed: 'boolean', response: 'anything', reason: 'text or absent' },
  answer: decodeOutcome,
  touches: [],
  about: [session],
  isSentOnce: true,
  timeoutMs: TIMEOUT_MS,
});

function decodeOutcome(
  about: About,
  answer: JsonObject,
  _payload: WireMessage,
  { key }: Origin,
): MessageOutcome {
  const { processed, response = null, reason = '' } = answer;
  if (processed === true) {
    if (isTooDeep(response)) throw new BadResponse(about, "the function's return value is nested too deep");
    if (messageBytes(response) > MAX_MESSAGE_BYTES) {
      throw new BadResponse(about, `the function's return value has more than ${MAX_MESSAGE_BYTES} bytes`);
    }
    return { processed, response };
  }
  if (processed !== false) throw new BadResponse(about, 'it has no "processed"');
  const words = typeof reason === 'string' ? reason : '';
  const said = words.trim().toLowerCase();
  const known = REASONS.find(([beginning]) => said.startsWith(beginning));
  return { processed, reason: known?.[1] ?? 'UNKNOWN', detail: redact(words, key) };
}

export function messageBytes(value: unknown): number {
  return Buffer.byteLength(stringifyExactJson(value));
}

/** Whether a JSON value is nested deeper than allowed. Never recurses deeper than the limit. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= MAX_MESSAGE_DEPTH || Object.values(value).some((part) => isTooDeep(part, depth + 1));
}
