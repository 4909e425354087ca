import { hasMoreValues, parseExactJson } from '../base/json.ts';
import { type About, headerIn, type Reply } from '../transport/call.ts';
import { BadResponse, type CallFailure, RateLimited } from '../transport/errors.ts';
import { proxyFailure, rayOf } from './proxy-answer.ts';
import { MAX_LENGTH, redact } from './redact.ts';
import { type DocumentedCodes, type Refusal, Refused, reasonOf } from './refusal.ts';

export type JsonObject = Record<string, unknown>;

/**
 * Returns the members of a success. A success needs a 2xx status, a failure any (`docs/luaauth-api.md#failures`).
 * Messages may quote what was sent, except the LuaAuth key of the call, `key`.
 * @throws Refused or RateLimited if the API said no; otherwise BadResponse, or an error of `proxy-answer.ts`
 */
export function openEnvelope(
  about: About,
  reply: Reply,
  documented: DocumentedCodes,
  key: string,
): JsonObject {
  const { status, text } = reply;
  if (status >= 300 && status <= 399) throw new BadResponse(about, `it is a redirect (HTTP ${status})`);
  if (hasMoreValues(text, MAX_VALUES))
    throw notAnEnvelope(about, reply, `it holds more than ${MAX_VALUES} values`);
  let answer: unknown;
  try {
    answer = parseExactJson(text);
  } catch {
    // The parser's error quotes the text, so it is not kept as the cause.
    throw notAnEnvelope(about, reply, 'it is not JSON');
  }
  if (!isObject(answer)) throw notAnEnvelope(about, reply, 'it is not a JSON object');
  if (!('success' in answer)) throw notAnEnvelope(about, reply, 'it has no "success"');
  if (answer.success === true) {
    if (status >= 200 && status <= 299) return answer;
    throw new BadResponse(about, `it says success under HTTP ${status}`);
  }
  if (answer.success !== false) throw notAnEnvelope(about, reply, 'it has no "success"');
  const refusal = readRefusal(answer.error);
  const reason = refusal && reasonOf(refusal, documented);
  const isRateLimited = refusal?.message.trim().toLowerCase() === 'ratelimited';
  if (isRateLimited || (status === 429 && (reason ?? 'undocumented') === 'undocumented'))
    throw new RateLimited(about, retryAfterMs(reply), { byApi: true });
  const unhealthy = UNHEALTHY_STATUSES.has(status);
  // A proxy does not send "success", so this is an answer of the API.
  if (refusal === undefined || reason === undefined)
    throw new BadResponse(about, `it is a failure without a usable "error" (HTTP ${status})`, {
      transient: unhealthy,
    });
  throw new Refused(about, reason, redactRefusal(refusal, key), { unhealthy });
}

/** Bad gateway, unavailable, gateway timeout: the API as a whole is unhealthy. */
const UNHEALTHY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Far more than any documented answer has; the largest answers are pages of 100 sessions. */
const MAX_VALUES = 100_000;

function notAnEnvelope(about: About, reply: Reply, reason: string): CallFailure {
  return (
    proxyFailure(about, reply, () => retryAfterMs(reply)) ??
    new BadResponse(about, `${reason} (HTTP ${reply.status})`, { ray: rayOf(reply) })
  );
}

/** The most characters of failed fields that are shown. */
const MAX_WORDS_LENGTH = 4_000;
/** The most failed fields, and words about them, that are shown: each field of an operation that had the refused call repeats them. */
const MAX_FAILED = 100;

function readRefusal(error: unknown): Refusal | undefined {
  if (!isObject(error)) return undefined;
  const code =
    typeof error.code === 'string' && /^-?\d{1,9}$/.test(error.code) ? Number(error.code) : error.code;
  if (typeof code !== 'number' || !Number.isInteger(code) || Math.abs(code) >= 2 ** 31) return undefined;
  const failed = Array.isArray(error.failed) ? error.failed.slice(0, MAX_FAILED) : [];
  let left = MAX_WORDS_LENGTH;
  const isShown = (words: unknown): words is string => {
    if (typeof words !== 'string') return false;
    left -= Math.max(MAX_WORDS_LENGTH / MAX_FAILED, Math.min(words.length, MAX_LENGTH));
    return left >= 0;
  };
  return {
    code,
    message: typeof error.message === 'string' ? error.message : '',
    authorization: failed.filter(isShown),
    fields: failed.filter(isObject).map(({ field, errors }) => ({
      field: isShown(field) ? field : '',
      messages: Array.isArray(errors) ? errors.flatMap(messagesIn).filter(isShown) : [],
    })),
  };
}

/** `"message"`, or `{"message", "errors": [...]}` for a field that can fail in several ways. */
function messagesIn(error: unknown): unknown[] {
  if (!isObject(error)) return [error];
  return [error.message, ...(Array.isArray(error.errors) ? error.errors : [])];
}

function redactRefusal({ code, message, authorization, fields }: Refusal, key: string): Refusal {
  const clean = (words: string) => redact(words, key);
  return {
    code,
    message: clean(message),
    authorization: authorization.map(clean),
    fields: fields.map(({ field, messages }) => ({ field: clean(field), messages: messages.map(clean) })),
  };
}

/** `Retry-After` in ms. The header has seconds or an HTTP date; anything else, or a past time, is undefined. */
function retryAfterMs({ headers }: Reply): number | undefined {
  const value = headerIn(headers, 'retry-after');
  if (value === undefined) return undefined;
  // The API's clock may differ from ours, so its `Date` header is used.
  const now = Date.parse(headerIn(headers, 'date') ?? '') || Date.now();
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return ms > 0 ? ms : undefined;
}
