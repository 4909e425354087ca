import type { Ask, Call, Origin } from '../transport/call.ts';
import { type Clock, systemClock } from '../transport/clock.ts';
import { ClientLeft } from '../transport/failure.ts';
import type { Listener } from '../transport/signal.ts';
import { addCost } from './cost.ts';
import { failureFromWire } from './failures.ts';
import { mendFlaws } from './flaws.ts';
import type { Failed, Found, FromWorker } from './messages.ts';

export interface RemoteTransportOptions {
  readonly post: (message: FromWorker) => void;
  readonly clock?: Clock;
  /** The span of an operation, as a `traceparent`. */
  readonly traceOf?: ((origin: Origin) => string | undefined) | undefined;
}

/** The way to the REST API through the primary, which has the transport: for the gateway it is one like any other. */
export interface RemoteTransport {
  readonly ask: Ask;
  readonly clock: Clock;
  /** Takes what the primary answers. */
  settle(answer: Found | Failed): void;
}

export function createRemoteTransport(options: RemoteTransportOptions): RemoteTransport {
  const { post, clock = systemClock, traceOf } = options;
  const open = new Map<number, OpenQuestion>();
  let asked = 0;

  return {
    clock,
    ask: <T>(call: Call<T>) =>
      new Promise<T>((resolve, reject) => {
        if (call.signal?.aborted) return reject(new ClientLeft(call, 'no'));
        asked += 1;
        const { origin, endpoint, params, payload } = call;
        open.set(asked, new OpenQuestion(asked, call, post, resolve as (value: unknown) => void, reject));
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
      }),
    settle(answer) {
      open.get(answer.id)?.settle(answer);
      open.delete(answer.id);
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
  readonly #post: (message: FromWorker) => void;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (failure: unknown) => void;

  constructor(
    id: number,
    call: Call<unknown>,
    post: (message: FromWorker) => void,
    resolve: (value: unknown) => void,
    reject: (failure: unknown) => void,
  ) {
    this.#id = id;
    this.#call = call;
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
    if (answer.flaws) mendFlaws(this.#call, answer.value, answer.flaws);
    this.#resolve(answer.value);
  }
}
