import type { GraphQLError } from 'graphql';
import { inWords, type Limits, overLimit } from './limits.ts';
import type { Price } from './price.ts';

/** The refusal of an operation that may come to more than is allowed; undefined for any other. */
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

/** Ends an execution as a whole: it is no error of a field. */
export class AnswerRefused extends Error {
  /** The error that the client gets. */
  readonly reason: GraphQLError;

  constructor(reason: GraphQLError) {
    super(reason.message);
    this.reason = reason;
  }
}

/** JSON's own characters around a value: quotes, a colon, a comma. */
const AROUND_VALUE = 4;
/** A number, true or null. */
const PLAIN_VALUE = 8;
/** Any character that JSON or UTF-8 writes with more than a byte. */
const NOT_PLAIN = /[^ !#-[\]-~]/;
/** An error has a message, a path and locations, and takes as long to make. */
const OBJECTS_OF_AN_ERROR = 5;

/**
 * Counts what an answer holds while it is made, so that it is refused as soon as it is larger than is allowed: the last line of
 * defence, behind the price.
 */
export class AnswerMeter {
  declare readonly limits: Limits;
  /** The root is none, as in the price. */
  declare objects: number;
  declare bytes: number;

  constructor(limits: Limits) {
    this.limits = limits;
    this.objects = -1;
    this.bytes = 0;
  }
}

/** Counts an object by the characters of its keys. @throws AnswerRefused */
export function countObject(meter: AnswerMeter, keyCharacters: number): void {
  meter.objects += 1;
  meter.bytes += keyCharacters;
  if (meter.objects > meter.limits.answerObjects) throw tooManyObjects(meter);
  if (meter.bytes > meter.limits.answerBytes) throw tooManyBytes(meter);
}

/** Counts a scalar or null. @throws AnswerRefused */
export function countLeaf(meter: AnswerMeter, value: unknown): void {
  meter.bytes += AROUND_VALUE;
  if (typeof value !== 'string') meter.bytes += PLAIN_VALUE;
  else meter.bytes += NOT_PLAIN.test(value) ? Buffer.byteLength(JSON.stringify(value)) : value.length;
  if (meter.bytes > meter.limits.answerBytes) throw tooManyBytes(meter);
}

/** @throws AnswerRefused */
export function countError(meter: AnswerMeter): void {
  meter.objects += OBJECTS_OF_AN_ERROR;
  if (meter.objects > meter.limits.answerObjects) throw tooManyObjects(meter);
}

function tooManyObjects({ objects, limits }: AnswerMeter): AnswerRefused {
  return new AnswerRefused(answerTooLarge(objects, limits.answerObjects));
}

function tooManyBytes({ bytes, limits: { answerBytes } }: AnswerMeter): AnswerRefused {
  const refusal = overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer has more than ${inWords(answerBytes)} bytes, which is what is allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: bytes,
    limit: answerBytes,
  });
  return new AnswerRefused(refusal);
}
