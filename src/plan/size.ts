import type { GraphQLError } from 'graphql';
import { inWords, type Limits, overLimit } from './limits.ts';
import type { Price } from './price.ts';

export function checkPrice(price: Price, { restCalls, answerObjects }: Limits): GraphQLError | undefined {
  if (price.calls > restCalls) return tooExpensive(price, restCalls);
  return price.objects > answerObjects ? answerTooLarge(price.objects, answerObjects) : undefined;
}

function tooExpensive({ calls, endpoints }: Price, limit: number): GraphQLError {
  const dearest = endpoints.slice(0, 3).map((cost) => `${cost.endpoint} ${inWords(cost.calls)}`);
  const where = dearest.length > 0 ? ` (${dearest.join(', ')})` : '';
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
  readonly #limits: Limits;
  /** The root object does not count. The price does not count it either. */
  #objects = -1;
  #bytes = 0;
  /** Made once: thousands of values may exceed the limit. */
  #refusal: AnswerRefused | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  countObject(keyCharacters: number): void {
    this.#objects += 1;
    this.#bytes += keyCharacters;
    this.#check();
  }

  countLeaf(value: unknown): void {
    this.#bytes += AROUND_VALUE;
    if (typeof value !== 'string') this.#bytes += PLAIN_VALUE;
    else this.#bytes += NOT_PLAIN.test(value) ? Buffer.byteLength(JSON.stringify(value)) : value.length;
    this.#check();
  }

  countError(): void {
    this.#objects += OBJECTS_OF_AN_ERROR;
    this.#check();
  }

  #check(): void {
    const { answerObjects, answerBytes } = this.#limits;
    if (this.#objects <= answerObjects && this.#bytes <= answerBytes) return;
    this.#refusal ??= new AnswerRefused(
      this.#objects > answerObjects
        ? answerTooLarge(this.#objects, answerObjects)
        : tooManyBytes(this.#bytes, answerBytes),
    );
    throw this.#refusal;
  }
}

function tooManyBytes(bytes: number, limit: number): GraphQLError {
  return overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer has more than the allowed ${inWords(limit)} bytes. Ask for smaller pages or fewer items, or split the operation.`,
    found: bytes,
    limit,
  });
}
