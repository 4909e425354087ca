import { expect, vi } from 'vitest';
import { settle } from './clock.ts';
import type { Recorded } from './recorder.ts';

interface Calls {
  readonly calls: readonly Recorded[];
}

/** Waits until the nth call has arrived (from 0), and gives it. */
export async function arrival({ calls }: Calls, index: number): Promise<Recorded> {
  await vi.waitFor(() => expect(calls.length).toBeGreaterThan(index), { timeout: 10_000 });
  return calls[index] as Recorded;
}

/** Waits until so many calls have arrived, and makes sure that no further one follows. */
export async function expectCalls({ calls }: Calls, count: number): Promise<void> {
  await vi.waitFor(() => expect(calls.length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
  await settle();
  expect(calls).toHaveLength(count);
}
