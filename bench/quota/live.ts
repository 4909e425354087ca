/** `npm run bench:live`: what a thousand subscribers take of the quota, and what they cost others. See README.md. */
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { seeded } from '../../src/sandbox/seed-data.ts';
import { openGateway } from './support/gateway.ts';
import { openSandbox } from './support/sandbox.ts';
import { scriptId } from './support/scripts.ts';

const STREAMS = 1_000;
const SECONDS = 30;
const READERS = 64;
const SCRIPTS = 5_000;
/** The scripts that are followed: one whose users come and go, two that stay as they are. */
const FOLLOWED = [seeded.visitedScriptId, '65f1c0de0000000000000005', '65f1c0de0000000000000007'];
const HEADERS = { 'content-type': 'application/json', token: 'sandbox-key' };
const SUBSCRIPTION = `subscription ($id: ID!) {
  scriptSessions(scriptId: $id) {
    __typename
    ... on LiveEvent { cursor sequence }
    ... on SessionsSnapshot { sessions { id robloxId } }
    ... on SessionsChange { appeared { id robloxId } disappearedIds }
  }
}`;

const sandbox = await openSandbox(SCRIPTS);
const gateway = await openGateway(sandbox.url, {
  redisUrl: undefined,
  workers: '1',
  profileDirectory: undefined,
});
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
let nextScript = 0;

try {
  await read();
  const before = residentMb();
  const streams = Array.from({ length: STREAMS }, (_, index) => subscribe(FOLLOWED[index % 3] as string));
  await Promise.all(streams.map(({ first }) => first));
  await sandbox.begin();
  await delay(SECONDS * 1_000);
  const alone = await sandbox.count();
  const perStreamKb = ((residentMb() - before) * 1024) / STREAMS;
  const events = streams.reduce((sum, stream) => sum + stream.events(), 0);
  print('1,000 streams over 3 scripts, nobody else', {
    'REST calls': alone.calls,
    'most arrivals in one second': alone.mostInOneSecond,
    'events received': events,
    'memory per stream (resident, kB)': perStreamKb.toFixed(1),
  });
  const together = await readFor(SECONDS);
  for (const { leave } of streams) leave();
  await delay(1_000);
  const without = await readFor(SECONDS);
  for (const [title, figures] of [
    ['64 readers at full demand, with the streams', together],
    ['the same without', without],
  ] as const)
    print(title, figures);
} finally {
  agent.destroy();
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
  const answer = await post({
    query: 'query ($id: ID!) { script(id: $id) { name } }',
    variables: { id: scriptId(nextScript) },
  });
  let text = '';
  for await (const chunk of answer) text += chunk;
  return JSON.parse(text).errors === undefined;
}

function subscribe(id: string) {
  let events = 0;
  let response: IncomingMessage | undefined;
  const first = post({ query: SUBSCRIPTION, variables: { id } }, { accept: 'text/event-stream' }).then(
    (answer) => {
      response = answer;
      return new Promise<void>((resolve) => {
        answer.on('data', (chunk: Buffer) => {
          events += chunk.toString('latin1').split('event: next').length - 1;
          if (events > 0) resolve();
        });
      });
    },
  );
  return { first, events: () => events, leave: () => response?.destroy() };
}

function post(body: object, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { ...HEADERS, ...headers } };
    request(`${gateway.url}/graphql`, options, resolve).once('error', reject).end(JSON.stringify(body));
  });
}

function residentMb(): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

function print(title: string, figures: Readonly<Record<string, string | number>>): void {
  console.log(`\n${title}`);
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
}
