import type { HeapProfiler } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import type { BenchRequest, Case } from '../cases.ts';
import { measure, type Round, warmUp } from '../measure.ts';
import { freePort } from '../process.ts';
import { serve } from '../serve.ts';
import type { Subject } from '../subjects.ts';

export interface SurvivorOptions extends Omit<Round, 'served' | 'kind'> {
  readonly warmUpSeconds: number;
}

export interface Survivors {
  /** Bytes of an operation that survive the young collection. */
  readonly bytes: number;
  /** Where they were allocated. */
  readonly profile: HeapProfiler.SamplingHeapProfile;
}

// Seen from dist/garbage.
const SAMPLER = fileURLToPath(new URL('./sampler.js', import.meta.url));

/** Starts a subject, warms it up, and samples its heap under load. @throws when an answer is wrong or does not arrive. */
export async function measureSurvivors(
  subject: Subject,
  kind: Case,
  { warmUpSeconds, ...options }: SurvivorOptions,
): Promise<Survivors> {
  const samplerPort = await freePort();
  const first = kind.requests[0] as BenchRequest;
  const served = await serve(withSampler(subject, samplerPort), options.upstream, first);
  try {
    const round = { served, kind, ...options };
    await warmUp({ ...round, seconds: warmUpSeconds });
    await ask(samplerPort, 'start');
    const { answers } = await measure(round);
    const profile: HeapProfiler.SamplingHeapProfile = JSON.parse(await ask(samplerPort, 'stop'));
    return { bytes: bytesOf(profile.head) / answers, profile };
  } finally {
    await served.stop();
  }
}

export function withSampler(subject: Subject, port: number): Subject {
  return {
    ...subject,
    command(...target) {
      const { command, args, env } = subject.command(...target);
      return {
        command,
        args: ['--expose-gc', '--import', SAMPLER, ...args],
        env: { ...env, SAMPLER_PORT: String(port) },
      };
    },
  };
}

async function ask(port: number, what: 'start' | 'stop'): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/${what}`, { signal: AbortSignal.timeout(30_000) });
  return response.text();
}

function bytesOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((total, child) => total + bytesOf(child), selfSize);
}
