import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import type { KeysAt } from '../transport/json-key-order.ts';
import { count, type Decoded, objectDecoder, text } from './decoders.ts';
import { isObject } from './envelope.ts';

/** Executions on one day, by the API's own label. */
export type DayCount = Decoded<{ date: string; count: number }>;

/** A count that cannot be used is an error at its own `count`. */
const decodeDay = objectDecoder<{ date: string; count: number }>('executions', { date: text, count });

/** A label that looks like an index would stand before all others, whatever the order of the answer. */
const LOOKS_LIKE_INDEX = /^\d+$/;

/**
 * Executions by day, in the order of the answer, which has them at a path of names.
 * @throws BadResponse for no object.
 */
export function decodeExecutions(
  about: About,
  value: unknown,
  keysAt: KeysAt,
  path: readonly string[],
): DayCount[] {
  if (!isObject(value)) throw new BadResponse(about, 'it has no executions');
  const names = Object.keys(value);
  const labels = names.some((name) => LOOKS_LIKE_INDEX.test(name)) ? keysAt(path) : names;
  return labels.map((date) => decodeDay(about, { date, count: value[date] }));
}
