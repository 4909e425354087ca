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
  return overLimit({
    code: 'OPERATION_TOO_EXPENSIVE',
    message: `The operation may need ${inWords(calls)} REST calls (${most.join(', ')}); at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
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
/** An error has a message, a path and locations, and takes as long to make. */
const OBJECTS_OF_AN_ERROR = 5;
/** A number, true or null. */
const PLAIN_VALUE = 8;

/**
 * Counts what an answer holds while it is made, and refuses it as soon as it is larger than is allowed: the last line of
 * defence, behind the price. Each method throws AnswerRefused.
 */
export class AnswerMeter {
  readonly #limits: Limits;
  #objects = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  addObject(keyCharacters: number): void {
    this.#objects += 1;
    this.#bytes += keyCharacters;
    if (this.#objects > this.#limits.answerObjects || this.#bytes > this.#limits.answerBytes) this.#refuse();
  }

  addError(): void {
    this.#objects += OBJECTS_OF_AN_ERROR;
    if (this.#objects > this.#limits.answerObjects) this.#refuse();
  }

  addLeaf(value: unknown): void {
    this.#bytes += AROUND_VALUE + (typeof value === 'string' ? value.length : PLAIN_VALUE);
    if (this.#bytes > this.#limits.answerBytes) this.#refuse();
  }

  /** Counts an answer that is there already. */
  addAnswer(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.addAnswer(item);
    } else if (typeof value === 'object' && value !== null) {
      this.addObject(Object.keys(value).join('').length);
      for (const member of Object.values(value)) this.addAnswer(member);
    } else {
      this.addLeaf(value);
    }
  }

  #refuse(): never {
    const { answerObjects, answerBytes } = this.#limits;
    if (this.#objects > answerObjects) throw new AnswerRefused(answerTooLarge(this.#objects, answerObjects));
    const refusal = overLimit({
      code: 'ANSWER_TOO_LARGE',
      message: `The answer has more than ${inWords(answerBytes)} bytes, which is what is allowed. Ask for smaller pages or fewer items, or split the operation.`,
      found: this.#bytes,
      limit: answerBytes,
    });
    throw new AnswerRefused(refusal);
  }
}
