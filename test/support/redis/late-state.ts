import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../src/base/clock.ts';
import { createStateInMemory } from '../../../src/state/memory.ts';
import type { Quota, Snapshot } from '../../../src/state/port.ts';
import type { TransportState } from '../../../src/transport/shared-state.ts';

/**
 * A state that gives every answer a turn later, as a store outside the process does. `beforePermit` is awaited before a permit is
 * taken.
 */
export function createLateState(
  clock: Clock,
  beforePermit: () => Promise<unknown> = setImmediate,
): TransportState {
  const { quotas, generations } = createStateInMemory(clock);
  return {
    quotas: {
      open: (account, part, rate, onFreed) =>
        lateQuota(quotas.open(account, part, rate, onFreed), beforePermit),
    },
    generations: { snapshot: (account) => lateSnapshot(generations.snapshot(account)) },
  };
}

function lateQuota(quota: Quota, beforePermit: () => Promise<unknown>): Quota {
  return {
    take: (isBackground) => beforePermit().then(() => quota.take(isBackground)),
    outlook: () => quota.outlook(),
    status: () => later(() => quota.status()),
    isIdle: () => quota.isIdle(),
  };
}

function lateSnapshot(snapshot: Snapshot): Snapshot {
  return {
    read: (resource) => later(() => snapshot.read(resource)),
    wrote: (resources) => later(() => snapshot.wrote(resources)),
  };
}

async function later<T>(answer: () => T | Promise<T>): Promise<T> {
  await setImmediate();
  return answer();
}
