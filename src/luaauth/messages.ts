import type { About, Asked, Origin, Reply } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { parseExactJson, stringifyExactJson } from '../transport/json.ts';
import { a, write } from './endpoint.ts';
import type { JsonObject } from './envelope.ts';
import { redact } from './redact.ts';
import { session } from './sessions.ts';
import type { WireMessage } from './wire.ts';

/** How large the JSON text of what is sent to a handler, or comes back from it, may be, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** How deep objects and lists may be nested in it. */
export const MAX_MESSAGE_DEPTH = 50;

/** The API waits for the client up to 60 s; the rest is the way there and back. */
const TIMEOUT_MS = 65_000;

/** The outcome of a message: what the handler returned, or why there is nothing. */
export type MessageOutcome =
  | { readonly processed: true; readonly response: unknown }
  | { readonly processed: false; readonly reason: MessageFailureReason; readonly detail: string };

/** How the API's words for a reason begin, as `docs/luaauth-api.md#sessions` documents them. */
const REASONS = [
  ['function errored', 'FUNCTION_ERRORED'],
  ['invalid return data', 'INVALID_RETURN'],
  ['client never responded', 'NO_RESPONSE'],
  ["function doesn't exist", 'NO_SUCH_FUNCTION'],
  ['function doesnt exist', 'NO_SUCH_FUNCTION'],
] as const;

/** `UNKNOWN` for any other. */
export type MessageFailureReason = (typeof REASONS)[number][1] | 'UNKNOWN';

/**
 * `POST /sessions/:session_id/message`: waits for the client. It changes nothing that can be read. An integer past 2^53 is
 * a bigint, both ways.
 */
export const sendMessage = write('POST /sessions/:session_id/message', {
  payload: a<WireMessage>(),
  documented: { processed: 'boolean', response: 'anything', reason: 'text or absent' },
  answer: decodeOutcome,
  touches: [],
  about: [session],
  isSentOnce: true,
  timeoutMs: TIMEOUT_MS,
  parse: parseExactJson,
  // A handler's name is no secret, although it travels under the name that a licence key has elsewhere.
  secrets: (asked) => ({ keys: [asked.origin.key], texts: textsIn(asked) }),
});

function decodeOutcome(
  about: About,
  answer: JsonObject,
  _payload: WireMessage,
  _reply: Reply,
  { key }: Origin,
): MessageOutcome {
  const { processed, response = null, reason = '' } = answer;
  if (processed === true) {
    if (isTooDeep(response)) throw new BadResponse(about, 'what the function returned is nested too deep');
    if (messageBytes(response) > MAX_MESSAGE_BYTES) {
      throw new BadResponse(about, `what the function returned has more than ${MAX_MESSAGE_BYTES} bytes`);
    }
    return { processed, response };
  }
  if (processed !== false) throw new BadResponse(about, 'it has no "processed"');
  const words = typeof reason === 'string' ? reason : '';
  // The message that was sent may be quoted here: a function that failed reports it to its caller.
  const detail = redact(words, { keys: [key], texts: [] });
  const said = words.trim().toLowerCase();
  const known = REASONS.find(([beginning]) => said.startsWith(beginning));
  return { processed, reason: known?.[1] ?? 'UNKNOWN', detail };
}

/** Secrets that a refusal may not quote: the message that was sent, as JSON and as the texts in it. */
function textsIn({ payload }: Asked): string[] {
  const { data } = payload as WireMessage;
  return data === undefined ? [] : [stringifyExactJson(data), ...longTextsIn(data)];
}

/** Shorter ones are words that anyone may say. */
const LEAST_TEXT_LENGTH = 16;

function longTextsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length < LEAST_TEXT_LENGTH ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(longTextsIn) : [];
}

/** The size of a value as JSON text, in bytes. */
export function messageBytes(value: unknown): number {
  return Buffer.byteLength(stringifyExactJson(value));
}

/** Whether a JSON value is nested deeper than is allowed. It goes no deeper than that itself. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= MAX_MESSAGE_DEPTH || Object.values(value).some((part) => isTooDeep(part, depth + 1));
}
