import type { ServerResponse } from 'node:http';

export type SetTimer = (delayMs: number, action: () => void) => () => void;

/** Runs an action after `ms`, unless the connection closes first. */
export type Wait = (response: ServerResponse, ms: number, run: () => void) => void;

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
