import { createLog, type OperationLog } from '../../../src/server/log.ts';

/** The log of a process whose lines a test can read. */
export function openLog(secrets: readonly string[] = []): { log: OperationLog; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    log: createLog({ level: 'info', secrets, destination }),
    lines,
  };
}
