import type { GraphQLError } from 'graphql';
import { OVERLOADED } from '../errors/coded-error.ts';
import { type ClientName, Group, type Source } from './client.ts';
import { createMemory, Reservation } from './memory.ts';
import { createTurns } from './turns.ts';

/** The smallest memory of an operation, in bytes of a body. */
const OPERATION_BYTES = 8 * 1024;
/** Clients without an accepted key together get at most this part of the memory. */
const SHARE_OF_UNACCEPTED = 1 / 2;

type Operation<Result> = (refusal?: GraphQLError) => Promise<Result>;

export type Gate = ReturnType<typeof createGate>;

/**
 * The one place that holds work back before LuaAuth does.
 * @param mostBytes - the memory of all bodies, see `mostBodyBytes`; the number of operations under way follows from it
 */
export function createGate(mostBytes: number) {
  const accepted = new Group(1);
  const unaccepted = new Group(SHARE_OF_UNACCEPTED);
  const groups = [accepted, unaccepted];
  const clientOf = ({ name, isAccepted }: ClientName) => (isAccepted ? accepted : unaccepted).clientOf(name);
  const { enter, parse } = createTurns(groups, Math.ceil(mostBytes / OPERATION_BYTES));
  const memory = createMemory(groups, mostBytes);
  return {
    /**
     * Begins an operation: at once, or when it is the client's turn.
     * @param operation - called with OVERLOADED if too many operations wait and this client's are the most
     * @param source - is not read while too many operations of the client wait
     */
    enter: <Result>(client: ClientName, operation: Operation<Result>, source?: Source): Promise<Result> =>
      enter(clientOf(client), operation, () => operation(OVERLOADED), source),
    /** The same for an event of a stream, which is never refused. */
    enterEvent: <Result>(client: ClientName, event: () => Promise<Result>): Promise<Result> =>
      enter(clientOf(client), event),
    /** Reserves memory for a request. `headBytes`: the bytes of its head. */
    reserve: (client: ClientName, headBytes: number) =>
      new Reservation(memory, parse, clientOf(client), headBytes),
  };
}
