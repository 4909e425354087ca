import { GraphQLError } from 'graphql';
import { describe } from '../errors/masking.ts';
import type { Ask } from '../luaauth/api.ts';
import { Refused } from '../luaauth/refusal.ts';
import { CallFailure } from '../transport/errors.ts';

/** As many as such a key may send in a second. */
const FIRST_READS = 5;

/**
 * An operation whose key the API has never accepted, so that it may be made up. Its first reads go ahead, and the others wait
 * for one of them to be answered. If all of them fail, the operation is over with one failure: what waits is not sent, and
 * costs neither a call nor an error each. (The API refuses an unknown key and an unknown id alike: one refusal proves nothing.)
 */
export class KeyTrial {
  /** Why the operation is over; of one that goes on it stays open. */
  readonly refused: Promise<GraphQLError>;
  /** Settled once nothing has to wait any more; of an operation that is over it stays open. */
  readonly accepted: Promise<void>;
  readonly #isKnown: () => boolean;
  #accept: () => void = () => undefined;
  #refuse: (reason: GraphQLError) => void = () => undefined;
  #isOver = false;
  #sent = 0;
  #failed = 0;
  #waiting = 0;
  #failure: CallFailure | undefined;

  /** @param isKnown - whether the key has been accepted meanwhile, by another operation too */
  constructor(isKnown: () => boolean) {
    this.#isKnown = isKnown;
    this.accepted = new Promise((resolve) => {
      this.#accept = resolve;
    });
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
  }

  /** How many of so many reads go ahead; the others wait for `accepted`, and are not even calls until then. */
  ahead(reads: number): number {
    if (this.#isOver) return reads;
    const ahead = Math.min(reads, FIRST_READS - this.#sent);
    this.#wait(reads - ahead);
    return ahead;
  }

  /** Makes the calls of the operation. A write waits for nothing: its refusal is an answer of its own. */
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

  /** Nothing is left to try: whatever comes goes ahead. */
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

  /** So many more reads wait: in vain, if the first ones have failed, which an open circuit does at once. */
  #wait(reads: number): void {
    this.#waiting += reads;
    if (this.#failure && this.#failed === FIRST_READS && this.#waiting > 0)
      this.#refuse(refusalOf(this.#failure, this.#waiting));
  }
}

function refusalOf(failure: CallFailure, waiting: number): GraphQLError {
  const { message, extensions } = describe(failure);
  return new GraphQLError(
    `${message} The first ${FIRST_READS} reads of the operation failed, and LuaAuth has not accepted this API key yet, so ${waiting} more were not sent. See that the key is right, and ask for something that it can read.`,
    { extensions },
  );
}
