import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT } from '../processes/built.ts';

export interface Arrival {
  readonly line: string;
  /** In ms, only differences mean anything. */
  readonly at: number;
  /** How much earlier it may have arrived, where the machine kept the recorder waiting. */
  readonly uncertainMs: number;
}

export interface RecorderOptions {
  /** Each request counts up to so many ms later, as after a longer way. */
  readonly jitterMs?: number;
  /** How long an answer takes, by the id of its script without a number at the end. */
  readonly workMs?: Readonly<Record<string, number>>;
  /** Whether it answers with a version that each write makes another. */
  readonly hasVersions?: boolean;
}

/** A request to its process for all that has arrived. With `anew`, it begins again before it answers. */
export interface Order {
  readonly id: number;
  readonly anew?: RecorderOptions;
}

/** Recorders that no test uses now. Starting a recorder takes seconds on a busy machine. */
const idle: Awaited<ReturnType<typeof startProcess>>[] = [];

/** A recorder in a process of its own, which notes arrivals at their time however busy the tests' own process is. */
export async function startDistantRecorder(options: RecorderOptions = {}) {
  const recorder = idle.pop() ?? (await startProcess());
  await recorder.ask(options);
  return {
    url: recorder.url,
    /** All that has arrived, in order. */
    arrivals: async (): Promise<readonly Arrival[]> => (await recorder.ask()).sort((a, b) => a.at - b.at),
    close: () => void idle.push(recorder),
  };
}

/** It ends with the process or thread that has started it. */
async function startProcess() {
  const script = fileURLToPath(new URL('./recorder-process.ts', import.meta.url));
  const child = fork(script, { execArgv: TYPESCRIPT });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  child.unref();
  child.channel?.unref();
  let orders = 0;
  return {
    url,
    async ask(anew?: RecorderOptions): Promise<Arrival[]> {
      orders += 1;
      const order: Order = { id: orders, ...(anew && { anew }) };
      child.send(order);
      for await (const [{ id, counted }] of on(child, 'message', { close: ['exit'] }) as AsyncIterable<
        [Told]
      >)
        if (id === order.id) return counted;
      throw new Error('The recorder has ended.');
    },
  };
}

interface Told {
  readonly id: number;
  readonly counted: Arrival[];
}

/** The most arrivals in any sliding second, counting only arrivals that were certainly in it. */
export function busiestSecond(arrivals: readonly Arrival[]): number {
  const inSecondFrom = (from: number) =>
    arrivals.filter(({ at, uncertainMs }) => at - uncertainMs >= from && at < from + 1_000).length;
  return Math.max(...arrivals.map(({ at, uncertainMs }) => inSecondFrom(at - uncertainMs)));
}
