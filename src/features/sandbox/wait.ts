import type { ServerResponse } from 'node:http';

/** Runs an action once after a delay. Returns a function that cancels it. */
export type SetTimer = (delayMs: number, action: () => void) => () => void;

/** Runs an action after `ms`, unless the connection closes first. */
export type Wait = (response: ServerResponse, ms: number, run: () => void) => void;

/** Runs an action with 0 ms at once. */
export function createWait(setTimer: SetTimer): Wait {
  return (response, ms, run) => {
    if (ms > 0) response.once('close', setTimer(ms, run));
    else run();
  };
}

export const realTimer: SetTimer = (delayMs, action) => {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
};
