import type { Socket } from 'node:net';
import { expect, vi } from 'vitest';
import type { Recorded } from '../api/recorder.ts';
import { settle } from '../clocks/clock.ts';

interface Calls {
  readonly calls: readonly Recorded[];
}

/** Waits until a check passes, for as long as a busy machine may take. */
export const eventually = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 45_000, interval: 5 });

/** Waits until the nth call has arrived (from 0), and gives it. */
export async function arrival({ calls }: Calls, index: number): Promise<Recorded> {
  await eventually(() => expect(calls.length).toBeGreaterThan(index));
  return calls[index] as Recorded;
}

/** Waits until so many calls have arrived, and makes sure that no further one follows. */
export async function expectCalls({ calls }: Calls, count: number): Promise<void> {
  await eventually(() => expect(calls.length).toBeGreaterThanOrEqual(count));
  await settle();
  expect(calls).toHaveLength(count);
}

/** Resolves when a socket is closed, by a reset too. */
export function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
