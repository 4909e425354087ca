import type { BenchRequest } from './cases.ts';
import { isRight, type Target } from './check.ts';
import type { Upstream } from './nginx.ts';
import { freePort, startProcess, waitUntil } from './process.ts';
import type { Subject } from './subjects.ts';
import { createFolder } from './temporary.ts';

/** A subject that serves. */
export interface Served extends Target {
  readonly pid: number;
  /** From the start of the process to its first right answer. */
  readonly startupMs: number;
  stop(): Promise<void>;
}

/** Starts a subject in a process of its own. @throws when it ends or gives no right answer. */
export async function serve(subject: Subject, upstream: Upstream, first: BenchRequest): Promise<Served> {
  const port = await freePort();
  const target = { url: `http://127.0.0.1:${port}/graphql`, deviation: subject.deviation };
  const startedAt = performance.now();
  const running = startProcess({
    name: subject.name,
    ...subject.command(upstream.url, port),
    // An empty folder, so that no .env of the developer's is read.
    cwd: createFolder(),
  });
  let startupMs = 0;
  await waitUntil(running, async () => {
    const right = await isRight(target, first);
    startupMs = performance.now() - startedAt;
    return right;
  });
  return { ...target, pid: running.pid, startupMs, stop: running.stop };
}
