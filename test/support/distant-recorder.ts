import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT } from './built.ts';

export interface Arrival {
  readonly line: string;
  /** In ms, only differences mean anything. */
  readonly at: number;
  /** How much earlier it may have arrived, where the machine kept the recorder waiting. */
  readonly uncertainMs: number;
}

/**
 * A recorder in a process of its own, which notes arrivals at their time however busy the tests' own process is; with
 * jitter, up to so many ms later. It answers plainly, or with a version that each write makes another.
 */
export async function startDistantRecorder({ jitterMs = 0, hasVersions = false } = {}) {
  const script = fileURLToPath(new URL('./recorder-process.ts', import.meta.url));
  const child = fork(script, [String(jitterMs), hasVersions ? 'versions' : ''], {
    execArgv: TYPESCRIPT,
  });
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    /** All that has arrived, in order. */
    async arrivals(): Promise<readonly Arrival[]> {
      child.send('arrivals');
      const [arrivals] = (await once(child, 'message')) as [Arrival[]];
      return arrivals.sort((a, b) => a.at - b.at);
    },
    close: () => child.disconnect(),
  };
}

/** The most arrivals in any sliding second, of those that were in it for certain. */
export function busiestSecond(arrivals: readonly Arrival[]): number {
  const inSecondFrom = (from: number) =>
    arrivals.filter(({ at, uncertainMs }) => at - uncertainMs >= from && at < from + 1_000).length;
  return Math.max(...arrivals.map(({ at, uncertainMs }) => inSecondFrom(at - uncertainMs)));
}
