import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchRequest } from '../cases.ts';
import type { Upstream } from '../nginx.ts';
import { cpuTimeMs } from '../process.ts';
import { type Served, serve } from '../serve.ts';
import type { Subject } from '../subjects.ts';

/** The costs of one start. */
export interface Start {
  /** From the start of the process to its first right answer. */
  readonly wallMs: number;
  /** Its CPU time until then, to 10 ms. */
  readonly cpuMs: number;
  /** The longest that a probe waited in the seconds after it, in which the rest is loaded. */
  readonly longestWaitMs: number;
}

export interface StartsOptions {
  readonly upstream: Upstream;
  readonly first: BenchRequest;
  /** How long probes are sent after the first answer. */
  readonly probeMs: number;
}

const PROBE_EVERY_MS = 20;

/** Starts a subject once, and ends it. @throws when it gives no right answer. */
export async function measureStart(subject: Subject, options: StartsOptions): Promise<Start> {
  const served = await serve(subject, options.upstream, options.first);
  const cpuMs = cpuTimeMs(served.pid);
  const longestWaitMs = await longestWait(served, options.probeMs);
  await served.stop();
  return { wallMs: served.startupMs, cpuMs, longestWaitMs };
}

/** Probes at a steady rate, whatever becomes of those before. A subject without probes says at once that it has none. */
async function longestWait({ url }: Served, probeMs: number): Promise<number> {
  const waits: Promise<number>[] = [];
  const until = performance.now() + probeMs;
  while (performance.now() < until) {
    waits.push(waitFor(new URL('/health', url)));
    await delay(PROBE_EVERY_MS);
  }
  return Math.max(0, ...(await Promise.all(waits)));
}

async function waitFor(url: URL): Promise<number> {
  const askedAt = performance.now();
  await (await fetch(url)).text();
  return performance.now() - askedAt;
}

/** How long a command takes that only prints. */
export async function measureCommand(command: string, args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await once(spawn(command, args, { stdio: 'ignore' }), 'exit');
  return performance.now() - startedAt;
}
