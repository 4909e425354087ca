import { setImmediate } from 'node:timers/promises';
import { createStateInMemory } from '../../../src/state/memory.ts';
import type { Quota, Snapshot, State, Write } from '../../../src/state/port.ts';
import type { Clock } from '../../../src/transport/clock.ts';

/**
 * A state that gives every answer a turn later and as JSON, as a store outside the process does. `beforePermit` is awaited before
 * a permit is taken.
 */
export function createLateState(clock: Clock, beforePermit: () => Promise<unknown> = setImmediate): State {
  const { quotas, generations, cache, documents, pageSizes } = createStateInMemory(clock);
  return {
    quotas: {
      open: (account, part, limits, onFreed) =>
        lateQuota(quotas.open(account, part, limits, onFreed), beforePermit),
    },
    generations: { snapshot: (account) => lateSnapshot(generations.snapshot(account)) },
    cache: {
      get: (key) => later(() => asJson(cache.get(key))),
      set: (key, entry, ttlMs) => later(() => cache.set(key, entry, ttlMs)),
    },
    documents: {
      get: (account, hash) => later(() => documents.get(account, hash)),
      set: (account, hash, document) => later(() => documents.set(account, hash, document)),
    },
    pageSizes,
    live: {
      follow(_account, _name, { lead }) {
        void later(lead);
        return { store: () => later(() => true), refresh: () => later(() => undefined), leave() {} };
      },
      broadcast() {},
      onMessage() {},
    },
  };
}

function lateQuota(quota: Quota, beforePermit: () => Promise<unknown>): Quota {
  return {
    take: (demand, isBackground) => beforePermit().then(() => quota.take(demand, isBackground)),
    left: (demand) => quota.left(demand),
    hasBackgroundPermit: () => quota.hasBackgroundPermit(),
    etaMs: (ahead) => quota.etaMs(ahead),
    pause: (pauseMs) => later(() => quota.pause(pauseMs)),
    slowDown: () => later(() => quota.slowDown()),
    status: () => later(() => quota.status()),
    isIdle: () => quota.isIdle(),
  };
}

function lateSnapshot(snapshot: Snapshot): Snapshot {
  const lateWrite = (write: Write): Write => ({
    isLost: write.isLost,
    end: (outcome, doubtMs) => later(() => write.end(outcome, doubtMs)),
  });
  return {
    read: (resource) => later(() => snapshot.read(resource)),
    write: (resources, doubtMs) => later(async () => lateWrite(await snapshot.write(resources, doubtMs))),
  };
}

async function later<T>(answer: () => T | Promise<T>): Promise<T> {
  await setImmediate();
  return answer();
}

function asJson<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}
