import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isObject } from '../../../../luaauth/envelope.ts';
import { StartError } from '../../../../observability/start-error.ts';
import { replaceFile } from '../../replace-file.ts';

/**
 * Keeps a second run away from the file of results, by a file beside it with the name of this process. A file that a killed
 * process of this machine has left is taken over. @returns what removes the lock @throws StartError if another run has it
 */
export async function lockResults(results: string): Promise<() => void> {
  const lock = `${results}.lock`;
  const isTaken = (by: string) =>
    new StartError(
      `${results}: another run is writing this file (${by}). Wait until it ends. If it was killed, remove ${lock}, and run this again with --resume.`,
    );
  try {
    // `wx`: of two runs that find the same lock, one looks and takes it before the other one looks.
    await replaceFile(lock, 'wx', (file) => {
      const holder = existsSync(lock) ? readHolder(lock) : undefined;
      if (holder && !hasEnded(holder)) throw isTaken(`process ${holder.pid} of ${holder.host}`);
      writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname() }));
    });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? isTaken(`see ${lock}.new`) : error;
  }
  return () => rmSync(lock, { force: true });
}

interface Holder {
  readonly pid: unknown;
  readonly host: unknown;
}

function readHolder(lock: string): Holder {
  try {
    const value: unknown = JSON.parse(readFileSync(lock, 'utf8'));
    return isObject(value) ? { pid: value.pid, host: value.host } : { pid: 'unknown', host: 'unknown' };
  } catch {
    return { pid: 'unknown', host: 'unknown' };
  }
}

/** Whether the process certainly runs no more. A process of another container may have the id of this one. */
function hasEnded({ pid, host }: Holder): boolean {
  if (host !== hostname() || typeof pid !== 'number' || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
