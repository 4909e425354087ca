import type { Timeouts } from '../luaauth/api.ts';
import { endpointOf } from '../luaauth/endpoints.ts';
import type { Origin } from '../transport/call.ts';
import type { Transport } from '../transport/index.ts';
import { Leave } from '../transport/signal.ts';
import { createTally } from '../transport/tally.ts';
import { takeCost } from './cost.ts';
import { failureToWire } from './failures.ts';
import { flawsOf } from './flaws.ts';
import type { FromPrimary, Question } from './messages.ts';

export interface QuestionsOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock'>;
  readonly timeouts: Timeouts;
  readonly post: (message: FromPrimary) => void;
  /** Is told which span an operation's calls belong to, as a `traceparent`. */
  readonly adopt?: ((origin: Origin, trace: string) => void) | undefined;
}

/** The questions of one worker. */
export interface Questions {
  ask(question: Question): void;
  /** The client of one has left. */
  leave(id: number): void;
  /** So have all: the worker is gone. */
  leaveAll(): void;
}

/** An operation in a worker, as long as it has open questions: they take turns as one, and share a tally. */
interface Operation {
  readonly origin: Origin;
  open: number;
}

/** Makes the calls that a worker asks for, by the transport that all workers share. */
export function createQuestions({ transport, timeouts, post, adopt }: QuestionsOptions): Questions {
  const { ask, clock } = transport;
  const operations = new Map<number, Operation>();
  const leaves = new Map<number, Leave>();

  const operationOf = ({ operation: id, key, account, trace }: Question): Operation => {
    let operation = operations.get(id);
    if (!operation) {
      operation = { origin: { id, key, account, tally: createTally() }, open: 0 };
      operations.set(id, operation);
      if (trace !== undefined) adopt?.(operation.origin, trace);
    }
    return operation;
  };

  const call = async (
    { endpoint: route, params, payload, leftMs }: Question,
    origin: Origin,
    signal: Leave,
  ) => {
    const endpoint = endpointOf(route);
    if (!endpoint) throw new Error(`there is no endpoint ${route}`);
    return endpoint(
      { ask, clock, origin, signal, timeouts, deadline: clock.now() + leftMs },
      params,
      payload,
    );
  };

  return {
    ask(question) {
      const { id } = question;
      const operation = operationOf(question);
      const { tally } = operation.origin;
      const leave = new Leave();
      operation.open += 1;
      leaves.set(id, leave);
      const end = () => {
        leaves.delete(id);
        operation.open -= 1;
        if (operation.open === 0) operations.delete(question.operation);
      };
      call(question, operation.origin, leave).then(
        (value) => {
          end();
          post({ kind: 'found', id, value, flaws: flawsOf(value), cost: takeCost(tally) });
        },
        (failure) => {
          end();
          post({ kind: 'failure', id, failure: failureToWire(failure), cost: takeCost(tally) });
        },
      );
    },
    leave: (id) => leaves.get(id)?.abort(),
    leaveAll() {
      for (const leave of leaves.values()) leave.abort();
    },
  };
}
