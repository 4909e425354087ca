import type { RequestRecord } from './request-record.ts';

const MAX_NAMES = 200;
const MAX_LENGTH = 100;

/**
 * Names operations in metrics. Clients choose the names, and each new one costs memory for good: only so many have one
 * of their own, and only after an operation of that name has gone well for somebody with a key. The rest are `other`.
 */
export function createOperationNames(maxNames = MAX_NAMES) {
  const names = new Set<string>();
  return (record: RequestRecord): string => {
    if (!record.operation) return 'unknown';
    const { name = 'Anonymous' } = record.operation;
    if (name === 'Anonymous' || names.has(name)) return name;
    if (names.size >= maxNames || name.length > MAX_LENGTH || !hasGoneWell(record)) return 'other';
    names.add(name);
    return name;
  };
}

/** Whether an operation was answered without an error, by something that takes a key. */
export function hasGoneWell({ usage, codes }: RequestRecord): boolean {
  return (
    usage !== undefined && codes.length === 0 && usage.calls + usage.shared + usage.fresh + usage.stale > 0
  );
}
