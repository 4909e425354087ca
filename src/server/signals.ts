import { StartError } from '../observability/start-error.ts';

export function exit(reason: string | Error): never {
  if (reason instanceof Error && !(reason instanceof StartError)) throw reason;
  console.error(reason instanceof StartError ? reason.message : reason);
  process.exit(1);
}

/** A message of this process to itself. */
const STOP = 'stop';

/** Later signals count as the same: systemd signals a whole group, and npm repeats signals that its child already has. */
const ONE_STOP_MS = 1_000;

/** How often a process checks whether its parent still runs. */
const LOOK_EVERY_MS = 500;

/** Runs `stop` at the first signal to stop. A later signal ends the process at once with code 1. */
export function onStop(stop: (signal: string) => unknown): void {
  let begunAt: number | undefined;
  const begin = (signal: string) => {
    if (begunAt !== undefined) return;
    begunAt = performance.now();
    stop(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (begunAt !== undefined && performance.now() - begunAt > ONE_STOP_MS) process.exit(1);
      begin(signal);
    });
  }
  process.on('message', (message) => message === STOP && begin(STOP));
}

/** npx starts a shell, which starts this process. npx forwards SIGTERM to the shell, which ends without forwarding it. */
export function stopWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    // Not a signal, which would end the process at once if it is already stopping.
    if (!process.emit('message', STOP, undefined)) process.exit(1);
  }, LOOK_EVERY_MS).unref();
}
