import { GraphQLError } from 'graphql';
import { describe } from '../errors/masking.ts';
import type { Ask } from '../luaauth/api.ts';
import { Refused } from '../luaauth/refusal.ts';
import { CallFailure } from '../transport/errors.ts';

/** How many calls such a key may send in a second. */
const FIRST_READS = 5;

/**
 * Tries a key that the API has never accepted, so that it may be made up. The first reads of the operation are sent, and
 * the others wait for an answer. If all the first reads fail, the operation ends with one error. (The API refuses unknown
 * keys and unknown ids alike, so a single refusal proves nothing.)
 */
export class KeyTrial {
  /** Resolves with the error that ends the operation. */
  readonly refused: Promise<GraphQLError>;
  /** Resolves when no read has to wait any more. Never settles if the operation ends. */
  readonly accepted: Promise<void>;
  readonly #isKnown: () => boolean;
  #accept: () => void = () => undefined;
  #refuse: (reason: GraphQLError) => void = () => undefined;
  #isOver = false;
  #sent = 0;
  #failed = 0;
  #waiting = 0;
  #failure: CallFailure | undefined;

  /** @param isKnown - whether the API has accepted the key meanwhile, also in another operation */
  constructor(isKnown: () => boolean) {
    this.#isKnown = isKnown;
    this.accepted = new Promise((resolve) => {
      this.#accept = resolve;
    });
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
  }

  /** How many of these reads are sent at once. The others wait for `accepted`. */
  ahead(reads: number): number {
    if (this.#isOver) return reads;
    const ahead = Math.min(reads, FIRST_READS - this.#sent);
    this.#wait(reads - ahead);
    return ahead;
  }

  /** Wraps `ask` for the operation. Writes do not wait: each write has its own refusal. */
  limit(ask: Ask): Ask {
    return (call, usage) => {
      if (this.#isOver || call.kind === 'write') return ask(call, usage);
      if (this.#sent === FIRST_READS) {
        this.#wait(1);
        return this.accepted.then(() => ask(call, usage));
      }
      this.#sent += 1;
      const answer = ask(call, usage);
      answer.then(this.#end, this.#fail);
      return answer;
    };
  }

  /** Ends the trial: all reads may be sent. */
  readonly #end = () => {
    this.#isOver = true;
    this.#accept();
  };

  readonly #fail = (failure: unknown) => {
    if (this.#isOver) return;
    this.#failed += 1;
    if (!(failure instanceof CallFailure) || this.#isKnown()) return this.#end();
    if (!this.#failure || failure instanceof Refused) this.#failure = failure;
    this.#wait(0);
  };

  /** Adds waiting reads. If all the first reads have failed, the operation ends. */
  #wait(reads: number): void {
    this.#waiting += reads;
    if (this.#failure && this.#failed === FIRST_READS && this.#waiting > 0)
      this.#refuse(refusalOf(this.#failure, this.#waiting));
  }
}

function refusalOf(failure: CallFailure, waiting: number): GraphQLError {
  const { message, extensions } = describe(failure);
  return new GraphQLError(
    `${message} The first ${FIRST_READS} reads of the operation failed, and LuaAuth has not accepted this API key yet, so ${waiting} more were not sent. Check the key, and read something that it has access to.`,
    { extensions },
  );
}
