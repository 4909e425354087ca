import type { GraphQLError } from 'graphql';
import { type AnswerMeter, AnswerRefused } from '../execution/answer-meter.ts';
import type { Limits } from './limits.ts';
import { inWords, overLimit } from './over-limit.ts';
import type { Plan } from './plan.ts';

/** The refusal of an operation that may come to more than is allowed; undefined for any other. */
export function checkPrice(plan: Plan, { restCalls, answerObjects }: Limits): GraphQLError | undefined {
  if (plan.calls > restCalls) return tooExpensive(plan, restCalls);
  return plan.objects > answerObjects ? answerTooLarge(plan.objects, answerObjects) : undefined;
}

function tooExpensive({ calls, endpoints }: Plan, limit: number): GraphQLError {
  const most = endpoints.slice(0, 3).map((one) => `${one.endpoint} ${inWords(one.calls)}`);
  return overLimit({
    code: 'OPERATION_TOO_EXPENSIVE',
    message: `The operation may need ${inWords(calls)} REST calls (${most.join(', ')}); at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: calls,
    limit,
    facts: { endpoints },
  });
}

export function answerTooLarge(objects: number, limit: number): GraphQLError {
  return overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer may hold ${inWords(objects)} objects; at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: objects,
    limit,
  });
}

/** What stands around a value in JSON: quotes, a colon, a comma. */
const AROUND_VALUE = 4;
/** An error has a message, a path and locations, and takes as long to make. */
const OBJECTS_OF_AN_ERROR = 5;
/** A number, true or null. */
const PLAIN_VALUE = 8;

/** Refuses an answer as soon as it is larger than is allowed: the last line of defence, behind the price. */
export class LimitMeter implements AnswerMeter {
  readonly #limits: Limits;
  #objects = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  addObject(keyCharacters: number): void {
    this.#addObjects(1);
    this.#addBytes(keyCharacters);
  }

  addError(): void {
    this.#addObjects(OBJECTS_OF_AN_ERROR);
  }

  addLeaf(value: unknown): void {
    this.#addBytes(AROUND_VALUE + (typeof value === 'string' ? value.length : PLAIN_VALUE));
  }

  #addObjects(count: number): void {
    this.#objects += count;
    const { answerObjects } = this.#limits;
    if (this.#objects > answerObjects) throw new AnswerRefused(answerTooLarge(this.#objects, answerObjects));
  }

  #addBytes(bytes: number): void {
    this.#bytes += bytes;
    const { answerBytes } = this.#limits;
    if (this.#bytes <= answerBytes) return;
    const refusal = overLimit({
      code: 'ANSWER_TOO_LARGE',
      message: `The answer has more than ${inWords(answerBytes)} bytes, which is what is allowed. Ask for smaller pages or fewer items, or split the operation.`,
      found: this.#bytes,
      limit: answerBytes,
    });
    throw new AnswerRefused(refusal);
  }
}
