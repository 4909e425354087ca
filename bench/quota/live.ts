/** `npx tsx bench/quota/live.ts`, after a build: what a thousand subscribers take of the quota, and what they cost others. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { openGateway } from './support/gateway.ts';
import { residentMb } from './support/process.ts';
import { openSandbox } from './support/sandbox.ts';
import { scriptId } from './support/scripts.ts';
import { createPoster, openStreams } from './support/streams.ts';

const STREAMS = 1_000;
const SECONDS = 30;
const READERS = 64;
const SCRIPTS = 5_000;

const sandbox = await openSandbox(SCRIPTS);
const gateway = await openGateway(sandbox.url, {
  redisUrl: undefined,
  workers: '1',
  profileDirectory: undefined,
});
const poster = createPoster(gateway.url);
let nextScript = 0;

try {
  await read();
  const before = residentMb(gateway.pid);
  const streams = await openStreams(poster, STREAMS);
  await sandbox.begin();
  await delay(SECONDS * 1_000);
  const alone = await sandbox.count();
  const perStreamKb = ((residentMb(gateway.pid) - before) * 1024) / STREAMS;
  print('1,000 streams over 3 scripts alone', {
    'REST calls': alone.calls,
    'most arrivals in one second': alone.mostInOneSecond,
    'events received': streams.events(),
    'memory per stream (resident, kB)': perStreamKb.toFixed(1),
  });
  const together = await readFor(SECONDS);
  streams.leave();
  await delay(1_000);
  const without = await readFor(SECONDS);
  for (const [title, figures] of [
    ['64 readers at full demand, with the streams', together],
    ['the same without', without],
  ] as const)
    print(title, figures);
} finally {
  poster.close();
  await gateway.stop();
  await sandbox.stop();
}

/** Reads by as many as can wait at a time, each another script: the demand is above the quota. */
async function readFor(seconds: number) {
  await sandbox.begin();
  const end = performance.now() + seconds * 1_000;
  const latencies: number[] = [];
  let refused = 0;
  await Promise.all(
    Array.from({ length: READERS }, async () => {
      while (performance.now() < end) {
        const since = performance.now();
        if (await read()) latencies.push(performance.now() - since);
        else refused += 1;
      }
    }),
  );
  const { calls, mostInOneSecond, limited } = await sandbox.count();
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) =>
    `${Math.round(latencies[Math.floor(latencies.length * share)] ?? 0)} ms`;
  return {
    'reads answered': latencies.length,
    refused,
    p50: quantile(0.5),
    p99: quantile(0.99),
    'REST calls': calls,
    'most arrivals in one second': mostInOneSecond,
    'refused by the API': limited,
  };
}

async function read(): Promise<boolean> {
  nextScript = (nextScript + 1) % SCRIPTS;
  const answer = await poster.post({
    query: 'query ($id: ID!) { script(id: $id) { name } }',
    variables: { id: scriptId(nextScript) },
  });
  let text = '';
  for await (const chunk of answer) text += chunk;
  return JSON.parse(text).errors === undefined;
}

function print(title: string, figures: Readonly<Record<string, string | number>>): void {
  console.log(`\n${title}`);
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
}
