import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PATIENCE_MS = 60_000;

/** Waits until `read` gives something. */
async function eventually<Found>(read: () => Found | undefined): Promise<Found> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(20)) {
    const found = read();
    if (found !== undefined) return found;
  }
  throw new Error(`Nothing was found in ${PATIENCE_MS} ms.`);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const skip = existsSync(`/proc/self/task/${process.pid}/children`) ? false : 'needs /proc';

test('the example that is stopped while its gateway starts ends the gateway', { skip }, async () => {
  const main = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(main, 'exit');
  const children = `/proc/${main.pid}/task/${main.pid}/children`;
  const pids = () => readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number);
  // tsx has a child of its own, esbuild.
  const gateway = await eventually(() =>
    pids().find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/main.ts')),
  );
  main.kill('SIGTERM');
  await ended;
  try {
    await eventually(() => (isRunning(gateway) ? undefined : true));
  } finally {
    if (isRunning(gateway)) process.kill(gateway, 'SIGKILL');
  }
  assert.equal(main.exitCode, 1);
});
