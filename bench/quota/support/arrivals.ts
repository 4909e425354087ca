import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The network to the API, and the API itself. */
export interface Network {
  /** How long a request takes to arrive, in ms. */
  readonly wayMs: number;
  /** The longest that the API works on a request, in ms. Each takes another part of it. */
  readonly workMs: number;
  /** Nothing passes for so long, in ms. */
  readonly cutMs?: number;
}

/** A REST side in a process of its own, which notes when requests arrive, so many ms after they were sent. */
export interface DistantApi {
  readonly url: string;
  /** From now on the network and the API are like this. */
  set(network: Network): void;
  /** The times of the arrivals since this was last asked, in ms; only their differences mean anything. */
  arrivals(): Promise<number[]>;
  stop(): void;
}

export async function openDistantApi(): Promise<DistantApi> {
  const script = fileURLToPath(new URL('arrivals-child.ts', import.meta.url));
  const child: ChildProcess = fork(script, { execArgv: ['--import', 'tsx'] });
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    set: (network) => void child.send(network),
    async arrivals() {
      child.send('arrivals');
      const [arrivals] = (await once(child, 'message')) as [number[]];
      return arrivals;
    },
    stop: () => child.disconnect(),
  };
}

/** The most arrivals in any sliding second. */
export function worstSecond(arrivals: readonly number[]): number {
  let first = 0;
  let worst = 0;
  for (const [index, at] of arrivals.entries()) {
    while ((arrivals[first] ?? at) <= at - 1_000) first += 1;
    worst = Math.max(worst, index - first + 1);
  }
  return worst;
}

/** The longest time between two arrivals, in ms. */
export function longestGap(arrivals: readonly number[]): number {
  return Math.round(Math.max(0, ...arrivals.map((at, index) => at - (arrivals[index - 1] ?? at))));
}
