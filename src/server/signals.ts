import { StartError } from '../observability/start-error.ts';

/** Ends the process because it cannot start. */
export function exit(reason: string | Error): never {
  if (reason instanceof Error && !(reason instanceof StartError)) throw reason;
  console.error(reason instanceof StartError ? reason.message : reason);
  process.exit(1);
}

/** The message by which a process stops its workers. */
export const STOP = 'stop';

/**
 * For so long further signals belong to the first, in ms: systemd signals a whole process group, and npm passes on what its
 * child has had already.
 */
const ONE_STOP_MS = 1_000;

/** The same for Ctrl-C on a terminal, in ms: npm is faster than anybody who presses it again because it takes too long. */
const ONE_KEY_PRESS_MS = 100;

/** How often a process looks whether its parent still runs, in ms. */
const LOOK_EVERY_MS = 500;

/** Runs `stop` at the first signal to stop; at a later one the process ends at once, with 1. */
export function onStop(stop: (signal: string) => Promise<void>): void {
  let begunAt: number | undefined;
  const begin = (signal: string) => {
    if (begunAt !== undefined) return;
    begunAt = performance.now();
    void stop(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const isKeyPress = signal === 'SIGINT' && process.stdin.isTTY;
    const oneStopMs = isKeyPress ? ONE_KEY_PRESS_MS : ONE_STOP_MS;
    process.on(signal, () => {
      if (begunAt !== undefined && performance.now() - begunAt > oneStopMs) process.exit(1);
      begin(signal);
    });
  }
  // With an IPC channel this keeps the process running, as a worker should.
  process.on('message', (message) => message === STOP && begin(STOP));
}

/**
 * Stops this process when its parent has ended. npx starts a shell, and the shell this process. npx passes SIGTERM on to the shell,
 * which ends without passing it on.
 */
export function stopWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    // Not as a signal, which would end the process at once if it is stopping already.
    if (!process.emit('message', STOP, undefined)) process.exit(1);
  }, LOOK_EVERY_MS).unref();
}
