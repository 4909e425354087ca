/** The REST side, as a process of its own: the sandbox with many scripts, its quota enforced, some latency. */
import { setPriority } from 'node:os';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../../src/features/sandbox/server.ts';
import type { SandboxCount, SandboxQuestion } from './sandbox-messages.ts';
import { FIRST_NAME, LATENCY_MS, QUOTA_PER_SECOND, scriptId } from './scripts.ts';

const PRIORITY = -10;

const scripts = Number(process.argv[2]);
try {
  // This stands in for a far-away API, so it must not wait for this machine's other work: it would see arrivals late.
  setPriority(PRIORITY);
} catch {
  // Not permitted: on a busy machine it then counts calls together that were sent apart.
}
const sandbox = await startSandbox({
  rate: QUOTA_PER_SECOND,
  // Finer than the default clock, which would show a quota kept to the millisecond as broken.
  now: () => performance.now(),
  guestEveryMs: 1_000,
});
sandbox.fault({ kind: 'delay', ms: LATENCY_MS, times: Number.MAX_SAFE_INTEGER });
const model = sandbox.scripts.get(seeded.idleScriptId);
if (!model) throw new Error(`The sandbox has no script ${seeded.idleScriptId}.`);
for (let index = 0; index < scripts; index += 1) {
  const id = scriptId(index);
  sandbox.scripts.set(id, { ...model, id, name: FIRST_NAME });
}

let begun = 0;

function count(): SandboxCount {
  const calls = sandbox.calls.slice(begun);
  let oldest = 0;
  let mostInOneSecond = 0;
  for (const [index, { at }] of calls.entries()) {
    while (at - (calls[oldest]?.at ?? at) >= 1_000) oldest += 1;
    mostInOneSecond = Math.max(mostInOneSecond, index - oldest + 1);
  }
  return {
    calls: calls.length,
    limited: calls.filter(({ limited }) => limited).length,
    mostInOneSecond,
    spanMs: (calls.at(-1)?.at ?? 0) - (calls[0]?.at ?? 0),
  };
}

process.on('message', (question: SandboxQuestion) => {
  if (question === 'begin') begun = sandbox.calls.length;
  process.send?.(count());
});
// The harness has ended.
process.on('disconnect', () => process.exit(0));
process.send?.({ url: sandbox.url });
