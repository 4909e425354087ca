import type { GraphQLError } from 'graphql';
import { inWords, type Limits, overLimit } from './limits.ts';
import type { Price } from './price.ts';

export function checkPrice(price: Price, { restCalls, answerObjects }: Limits): GraphQLError | undefined {
  if (price.calls > restCalls) return tooExpensive(price, restCalls);
  return price.objects > answerObjects ? answerTooLarge(price.objects, answerObjects) : undefined;
}

function tooExpensive({ calls, endpoints }: Price, limit: number): GraphQLError {
  const most = endpoints.slice(0, 3).map((one) => `${one.endpoint} ${inWords(one.calls)}`);
  const where = most.length > 0 ? ` (${most.join(', ')})` : '';
  return overLimit({
    code: 'OPERATION_TOO_EXPENSIVE',
    message: `The operation may need ${inWords(calls)} REST calls${where}; at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: calls,
    limit,
    facts: { endpoints },
  });
}

function answerTooLarge(objects: number, limit: number): GraphQLError {
  return overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer may hold ${inWords(objects)} objects; at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: objects,
    limit,
  });
}

/** Ends the whole execution, unlike an error of a field. */
export class AnswerRefused extends Error {
  readonly reason: GraphQLError;

  constructor(reason: GraphQLError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** JSON's characters around a value: quotes, colon, comma. */
const AROUND_VALUE = 4;
/** The size of a number, true or null. */
const PLAIN_VALUE = 8;
/** A character that JSON or UTF-8 writes with more than one byte. */
const NOT_PLAIN = /[^ !#-[\]-~]/;
/** An error has a message, a path and locations, and costs as much time as objects. */
const OBJECTS_OF_AN_ERROR = 5;

/** An answer that exceeds a limit despite its price is refused at once. Counting throws `AnswerRefused`. */
export class AnswerMeter {
  declare readonly limits: Limits;
  /** Starts at -1, because the root object does not count. The price does not count it either. */
  declare objects: number;
  declare bytes: number;
  /** Made once: thousands of values may exceed the limit. */
  declare refusal?: AnswerRefused;

  constructor(limits: Limits) {
    this.limits = limits;
    this.objects = -1;
    this.bytes = 0;
  }
}

export function countObject(meter: AnswerMeter, keyCharacters: number): void {
  meter.objects += 1;
  meter.bytes += keyCharacters;
  if (meter.objects > meter.limits.answerObjects) throw exceeded(meter);
  if (meter.bytes > meter.limits.answerBytes) throw exceeded(meter);
}

export function countLeaf(meter: AnswerMeter, value: unknown): void {
  meter.bytes += AROUND_VALUE;
  if (typeof value !== 'string') meter.bytes += PLAIN_VALUE;
  else meter.bytes += NOT_PLAIN.test(value) ? Buffer.byteLength(JSON.stringify(value)) : value.length;
  if (meter.bytes > meter.limits.answerBytes) throw exceeded(meter);
}

export function countError(meter: AnswerMeter): void {
  meter.objects += OBJECTS_OF_AN_ERROR;
  if (meter.objects > meter.limits.answerObjects) throw exceeded(meter);
}

function exceeded(meter: AnswerMeter): AnswerRefused {
  const { objects, bytes, limits } = meter;
  const hasTooMany = objects > limits.answerObjects;
  meter.refusal ??= new AnswerRefused(
    hasTooMany ? answerTooLarge(objects, limits.answerObjects) : tooManyBytes(bytes, limits.answerBytes),
  );
  return meter.refusal;
}

function tooManyBytes(bytes: number, limit: number): GraphQLError {
  return overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer has more than the allowed ${inWords(limit)} bytes. Ask for smaller pages or fewer items, or split the operation.`,
    found: bytes,
    limit,
  });
}
