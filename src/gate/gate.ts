import type { ClientRequest } from '../client-request.ts';
import { type ClientName, Group } from './client.ts';
import { createMemory, Reservation } from './memory.ts';
import type { Turns } from './turns.ts';

/** Clients without an accepted key together get at most this part of the memory. */
const SHARE_OF_UNACCEPTED = 1 / 2;

/** @param mostBytes - the memory of all bodies, see `mostBodyBytes` */
export function createGate(mostBytes: number, turns: Turns, nameOf: (request: ClientRequest) => ClientName) {
  const accepted = new Group(1);
  const unaccepted = new Group(SHARE_OF_UNACCEPTED);
  const memory = createMemory([accepted, unaccepted], mostBytes);
  /** Reserves memory for a request. `headBytes`: the bytes of its head. */
  return (request: ClientRequest, headBytes = 0): Reservation => {
    const { name, isAccepted } = nameOf(request);
    const client = (isAccepted ? accepted : unaccepted).clientOf(name);
    return new Reservation(memory, turns, request, client, headBytes);
  };
}
