import { type AnswerMeter, AnswerRefused } from '../execution/answer-meter.ts';
import { answerTooLarge } from './check-price.ts';
import type { Limits } from './limits.ts';
import { inWords, overLimit } from './over-limit.ts';

/** What stands around a value in JSON: quotes, a colon, a comma. */
const AROUND_VALUE = 4;
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
    this.#objects += 1;
    const { answerObjects } = this.#limits;
    if (this.#objects > answerObjects) throw new AnswerRefused(answerTooLarge(this.#objects, answerObjects));
    this.#addBytes(keyCharacters);
  }

  addLeaf(value: unknown): void {
    this.#addBytes(AROUND_VALUE + (typeof value === 'string' ? value.length : PLAIN_VALUE));
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
