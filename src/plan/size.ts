import { GraphQLError } from 'graphql';
import { stringifyExactJson } from '../base/json.ts';
import { CallFailure } from '../transport/errors.ts';
import { inWords, type Limits, overLimit } from './limits.ts';
import type { Price } from './price.ts';
import { BYTES_PER_VALUE } from './tree.ts';

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

/** A character that JSON or UTF-8 writes with more than one byte. */
const NOT_PLAIN = /[^ !#-[\]-~]/;
/** An error has a path and locations, and costs as much time as objects. */
const OBJECTS_OF_AN_ERROR = 5;
const BYTES_OF_AN_ERROR = 200;

/** An answer that exceeds a limit despite its price is refused at once. Counting throws `AnswerRefused`. */
export class AnswerMeter {
  readonly #limits: Limits;
  /** The root object does not count. The price does not count it either. */
  #objects = -1;
  #bytes = 0;
  /** The bytes of what many fields may have: the JSON of a session, and failed calls. Undefined in most executions. */
  #known: Map<object, number> | undefined;
  /** Made once: thousands of values may exceed the limit. */
  #refusal: AnswerRefused | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts an object when it begins. `bytes`: see `ObjectPlan`. */
  countObject(bytes: number): void {
    this.#objects += 1;
    this.#bytes += bytes;
    this.#check();
  }

  countItem(): void {
    this.#bytes += BYTES_PER_VALUE;
    this.#check();
  }

  countLeaf(value: unknown): void {
    if (typeof value === 'string')
      this.#bytes += NOT_PLAIN.test(value) ? Buffer.byteLength(JSON.stringify(value)) : value.length;
    else if (typeof value === 'object' && value !== null) this.#bytes += this.#bytesOf(value);
    this.#check();
  }

  /** Counts an error by what was thrown. An error that is no failure known here is shown without its members. */
  countError(thrown: unknown): void {
    this.#objects += OBJECTS_OF_AN_ERROR;
    this.#bytes += BYTES_OF_AN_ERROR;
    if (thrown instanceof CallFailure || thrown instanceof GraphQLError)
      this.#bytes += thrown.message.length + this.#bytesOf(thrown);
    this.#check();
  }

  #bytesOf(value: object): number {
    this.#known ??= new Map();
    const bytes = this.#known.get(value) ?? Buffer.byteLength(stringifyExactJson(value));
    this.#known.set(value, bytes);
    return bytes;
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
