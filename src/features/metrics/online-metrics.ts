import type { Meters } from './meters.ts';

/** The connected users and the executions of the scripts in METRICS_SCRIPTS. An unknown number has no series. */
export function createOnlineMetrics({ gauge }: Meters) {
  const sessions = gauge(
    'luaauth_script_sessions',
    'Connected users of a script in METRICS_SCRIPTS',
    'script',
  );
  const executions = gauge(
    'luaauth_script_day_executions',
    'Executions of a script in METRICS_SCRIPTS on the last day that LuaAuth lists',
    'script',
  );
  const set = (to: typeof sessions, script: string, value: number | undefined) =>
    value === undefined ? to.remove({ script }) : to.set({ script }, value);
  return {
    sampled: (script: string, count: number | undefined): void => set(sessions, script, count),
    executed: (script: string, count: number | undefined): void => set(executions, script, count),
  };
}
