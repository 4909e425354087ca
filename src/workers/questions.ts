import type { Timeouts } from '../luaauth/api.ts';
import { endpointOf } from '../luaauth/endpoints.ts';
import type { Ask, Origin } from '../transport/call.ts';
import type { Transport } from '../transport/index.ts';
import { Leave } from '../transport/signal.ts';
import { createTally } from '../transport/tally.ts';
import { takeCost } from './cost.ts';
import { failureToWire } from './failures.ts';
import { flawsOf } from './flaws.ts';
import type { Failed, Found, FromPrimary, Question } from './messages.ts';

export interface QuestionsOptions {
  readonly transport: Pick<Transport, 'send' | 'clock' | 'isUnsettled'>;
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
  const { clock } = transport;
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

  const find = async (question: Question, origin: Origin, signal: Leave): Promise<Omit<Found, 'cost'>> => {
    const { id, params, payload } = question;
    const endpoint = endpointOf(question.endpoint);
    if (!endpoint) throw new Error(`there is no endpoint ${question.endpoint}`);
    let ageMs: number | undefined;
    let bytes = 0;
    const ask: Ask = async (call) => {
      const answer = await transport.send(call);
      if (!transport.isUnsettled(call.resource)) ageMs = clock.now() - answer.sentAt;
      bytes = answer.bytes;
      return answer.value;
    };
    const deadline = clock.now() + question.leftMs;
    const value = await endpoint({ ask, clock, origin, signal, timeouts, deadline }, params, payload);
    return { kind: 'found', id, value, bytes, ageMs, flaws: flawsOf(value) };
  };

  return {
    ask(question) {
      const { id } = question;
      const operation = operationOf(question);
      const leave = new Leave();
      operation.open += 1;
      leaves.set(id, leave);
      find(question, operation.origin, leave)
        .catch((failure): Omit<Failed, 'cost'> => ({ kind: 'failure', id, failure: failureToWire(failure) }))
        .then((answer) => {
          leaves.delete(id);
          operation.open -= 1;
          if (operation.open === 0) operations.delete(question.operation);
          post({ ...answer, cost: takeCost(operation.origin.tally) });
        });
    },
    leave: (id) => leaves.get(id)?.abort(),
    leaveAll() {
      for (const leave of leaves.values()) leave.abort();
    },
  };
}
