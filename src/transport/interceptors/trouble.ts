import type { Clock } from '../clock.ts';
import type { BreakerState } from '../observer.ts';
import type { Circuit } from './circuit.ts';

const LOOK_EVERY_MS = 1_000;

/** Knows the circuits that are not closed, and tells the worst state of them all whenever it is another one. */
export function createTrouble(clock: Clock, onChange: ((state: BreakerState) => void) | undefined) {
  const circuits = new Set<Circuit>();
  let told: BreakerState = 'closed';
  let lookedAt = clock.now();

  const worst = (): BreakerState => {
    let found: BreakerState = 'closed';
    for (const { state } of circuits) {
      if (state === 'open') return 'open';
      found = 'half_open';
    }
    return found;
  };

  const tell = () => {
    const state = worst();
    if (state === told) return;
    told = state;
    onChange?.(state);
  };

  return {
    changed(circuit: Circuit): void {
      if (circuit.state === 'closed') circuits.delete(circuit);
      else circuits.add(circuit);
      tell();
    },
    /** Forgets the circuits of accounts that ask no more. */
    look(): void {
      const now = clock.now();
      if (circuits.size === 0 || now - lookedAt < LOOK_EVERY_MS) return;
      lookedAt = now;
      for (const circuit of circuits) if (circuit.isIdle()) circuits.delete(circuit);
      tell();
    },
  };
}
