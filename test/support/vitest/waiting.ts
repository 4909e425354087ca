import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Recorded } from '../api/recorder.ts';
import { settle } from '../clocks/clock.ts';

interface Calls {
  readonly calls: readonly Recorded[];
}

const PATIENCE_MS = 45_000;
/** A check may ask a process or a Redis, so checking without pauses would take time from what it waits for. */
const MOST_PAUSE_MS = 25;

/** Waits until a check passes, for as long as a busy machine may take. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
    try {
      return await check();
    } catch (failure) {
      if (performance.now() > end) throw failure;
    }
    await delay(pauseMs);
  }
}

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
