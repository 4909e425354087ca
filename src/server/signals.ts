import { StartError } from '../observability/start-error.ts';

/** Ends the process because it cannot start. */
export function exit(reason: string | Error): never {
  if (reason instanceof Error && !(reason instanceof StartError)) throw reason;
  console.error(reason instanceof StartError ? reason.message : reason);
  process.exit(1);
}

/** Runs `stop` when the process is told to stop; told once more, it ends at once. */
export function onStop(stop: (signal: string) => Promise<void>): void {
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      void stop(signal);
    });
  }
}

/** Runs `reload` whenever the process is told that its files have changed. */
export function onReload(reload: () => void): void {
  process.on('SIGHUP', reload);
}
