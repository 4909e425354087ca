import type { Visit } from './visit.ts';

const MAX_NAMES = 200;
const MAX_LENGTH = 100;

/**
 * Names operations in metrics. Clients choose the names, and each new one costs memory for good: only so many have one
 * of their own, and only after an operation of that name has gone well for somebody with a key. The rest are `other`.
 */
export function createOperationNames(maxNames = MAX_NAMES) {
  const names = new Set<string>();
  return (visit: Visit): string => {
    if (!visit.operation) return 'unknown';
    const { name = 'Anonymous' } = visit.operation;
    if (name === 'Anonymous' || names.has(name)) return name;
    if (names.size >= maxNames || name.length > MAX_LENGTH || !hasGoneWell(visit)) return 'other';
    names.add(name);
    return name;
  };
}

function hasGoneWell({ tally, codes }: Visit): boolean {
  return (
    tally !== undefined && codes.length === 0 && tally.calls + tally.shared + tally.fresh + tally.stale > 0
  );
}
