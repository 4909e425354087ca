import type { Answer, Call, Origin, Send } from '../transport/call.ts';
import { createChanges, createNaming } from '../transport/changes.ts';
import { type Clock, systemClock } from '../transport/clock.ts';
import { createCopies } from '../transport/copies.ts';
import { ClientLeft } from '../transport/failure.ts';
import { createFresh } from '../transport/fresh.ts';
import type { Observer } from '../transport/observer.ts';
import type { Listener } from '../transport/signal.ts';
import { addCost } from './cost.ts';
import { failureFromWire } from './failures.ts';
import { mendFlaws } from './flaws.ts';
import type { Changed, Failed, Found, FromWorker } from './messages.ts';

export interface RemoteTransportOptions {
  readonly post: (message: FromWorker) => void;
  /** How long a copy is as good as a call, in ms; 0: never. */
  readonly freshMs: number;
  readonly clock?: Clock;
  /** Is told of the reads that the worker's own copies answer. */
  readonly answered?: Observer['answered'];
  /** The span of an operation, as a `traceparent`. */
  readonly traceOf?: ((origin: Origin) => string | undefined) | undefined;
}

/** The way to the REST API through the primary, which has the transport: for the gateway it is one like any other. */
export interface RemoteTransport {
  readonly send: Send;
  readonly clock: Clock;
  /** Takes what the primary answers. */
  settle(answer: Found | Failed): void;
  /** Drops the copies of what a write has touched. */
  drop(changed: Changed): void;
}

/**
 * Asks the primary for each call. An answer is kept as long as it is fresh, so that reads which come again cost no question;
 * the primary lets nobody know of a write before every worker has dropped what it touches.
 */
export function createRemoteTransport(options: RemoteTransportOptions): RemoteTransport {
  const { post, freshMs, clock = systemClock, answered, traceOf } = options;
  const open = new Map<number, OpenQuestion>();
  let asked = 0;

  const ask: Send = <T>(call: Call<T>) =>
    new Promise<Answer<T>>((resolve, reject) => {
      if (call.signal?.aborted) return reject(new ClientLeft(call, 'no'));
      asked += 1;
      const { origin, endpoint, params, payload } = call;
      const onAnswer = resolve as (answer: Answer<unknown>) => void;
      open.set(asked, new OpenQuestion(asked, call, clock, post, onAnswer, reject));
      post({
        kind: 'ask',
        id: asked,
        operation: origin.id,
        endpoint,
        params,
        payload,
        key: origin.key,
        account: origin.account,
        leftMs: call.deadline - clock.now(),
        trace: traceOf?.(origin),
      });
    });

  const changes = createChanges(clock);
  const fresh = createFresh({
    freshMs,
    // Whether an older copy is better than waiting is the primary's to say.
    staleMs: 0,
    copies: createCopies(),
    changes,
    clock,
    nameOf: createNaming(changes),
    hasRoom: () => true,
    isFailing: () => false,
  });
  const send = fresh(ask);
  return {
    clock,
    send: answered ? (call) => send({ ...call, onServed: (by) => answered(call, by) }) : send,
    settle(answer) {
      open.get(answer.id)?.settle(answer);
      open.delete(answer.id);
    },
    drop({ id, touches }) {
      changes.note(touches);
      post({ kind: 'heard', id });
    },
  };
}

/**
 * A call that the primary makes. Nothing but its answer ends it: whether a call that nobody waits for goes on is the
 * transport's to decide, as is its deadline.
 */
class OpenQuestion implements Listener {
  readonly #id: number;
  readonly #call: Call<unknown>;
  readonly #clock: Clock;
  readonly #post: (message: FromWorker) => void;
  readonly #resolve: (answer: Answer<unknown>) => void;
  readonly #reject: (failure: unknown) => void;

  constructor(
    id: number,
    call: Call<unknown>,
    clock: Clock,
    post: (message: FromWorker) => void,
    resolve: (answer: Answer<unknown>) => void,
    reject: (failure: unknown) => void,
  ) {
    this.#id = id;
    this.#call = call;
    this.#clock = clock;
    this.#post = post;
    this.#resolve = resolve;
    this.#reject = reject;
    call.signal?.addEventListener('abort', this);
  }

  /** The client has left. */
  handleEvent(): void {
    this.#post({ kind: 'leave', id: this.#id });
  }

  settle(answer: Found | Failed): void {
    this.#call.signal?.removeEventListener('abort', this);
    addCost(this.#call.origin.tally, answer.cost);
    if (answer.kind === 'failure') {
      this.#reject(failureFromWire(this.#call, answer.failure));
      return;
    }
    const { value, bytes, ageMs = Number.POSITIVE_INFINITY, flaws } = answer;
    if (flaws) mendFlaws(this.#call, value, flaws);
    this.#resolve({ value, bytes, sentAt: this.#clock.now() - ageMs });
  }
}
