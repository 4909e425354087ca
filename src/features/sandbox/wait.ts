import type { ServerResponse } from 'node:http';

/** Runs something once, later; gives what calls it off. */
export type SetTimer = (delayMs: number, action: () => void) => () => void;

/** Runs something after `ms`, unless the connection closes first. */
export type Wait = (response: ServerResponse, ms: number, run: () => void) => void;

/** A wait of 0 ms is none. */
export function createWait(setTimer: SetTimer): Wait {
  return (response, ms, run) => {
    if (ms > 0) response.once('close', setTimer(ms, run));
    else run();
  };
}

/** The timers of Node. */
export const realTimer: SetTimer = (delayMs, action) => {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
};
