import { StartError } from '../observability/start-error.ts';

/** Ends the process because it cannot start. */
export function exit(reason: string | Error): never {
  if (reason instanceof Error && !(reason instanceof StartError)) throw reason;
  console.error(reason instanceof StartError ? reason.message : reason);
  process.exit(1);
}

/** What a process tells its workers. */
export const STOP = 'stop';

/** Runs `stop` when the process is told to stop; told once more by a signal, it ends at once. */
export function onStop(stop: (signal: string) => Promise<void>): void {
  let isStopping = false;
  const begin = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    void stop(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      begin(signal);
    });
  }
  // One that is nobody's worker should end when there is nothing left to do.
  if (process.connected) process.on('message', (message) => message === STOP && begin(STOP));
}

/** Runs `reload` whenever the process is told that its files have changed. */
export function onReload(reload: () => void): void {
  process.on('SIGHUP', reload);
}
