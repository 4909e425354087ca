/** `npm run bench:made-up`: what operations with keys cost that LuaAuth refuses, and how long they keep others waiting. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { openGateway } from './support/gateway.ts';
import { cpuSeconds } from './support/process.ts';

const ROUNDS = 7;
const OPERATIONS = 480;
const IDS = 250;
/** A key that sends several operations at once shares its five calls among them. */
const OPERATIONS_OF_A_KEY = [1, 4];
const ANSWER_MS = 50;
const PROBE_EVERY_MS = 20;

const ids = Array.from({ length: IDS }, (_one, index) => `s${index}`);
const body = JSON.stringify({ query: 'query($ids:[ID!]!){scripts(ids:$ids){name}}', variables: { ids } });
const REFUSAL = JSON.stringify({
  success: false,
  error: { code: -1, message: 'unauthorized or invalid request' },
});

const api = createServer((_request, response) => {
  setTimeout(() => response.writeHead(403, { 'content-type': 'application/json' }).end(REFUSAL), ANSWER_MS);
});
await new Promise<void>((listening) => api.listen(0, '127.0.0.1', listening));
const { port } = api.address() as AddressInfo;
const gateway = await openGateway(`http://127.0.0.1:${port}`, {
  redisUrl: undefined,
  workers: '1',
  profileDirectory: process.env.PROFILE_DIRECTORY,
  variables: { LOG_LEVEL: 'error' },
});
const client = new Pool(gateway.url, { connections: OPERATIONS });
const probe = new Pool(gateway.url, { connections: 1 });
let sent = 0;

/** Sends one operation. Each key is new, and sends `ofKey` operations. */
async function send(ofKey: number): Promise<void> {
  sent += 1;
  const token = `made-up-key-${ofKey}-${Math.floor(sent / ofKey)}`;
  const headers = { 'content-type': 'application/json', token };
  const { body: answer } = await client.request({ path: '/graphql', method: 'POST', headers, body });
  if (!(await answer.text()).includes('"errors"')) throw new Error('An operation was not refused.');
}

/** The longest that a health check took until `work` was done, in ms. */
async function longestProbe(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  let longest = 0;
  while (!isOver) {
    const since = performance.now();
    const { body: answer } = await probe.request({ path: '/health', method: 'GET' });
    await answer.dump();
    longest = Math.max(longest, performance.now() - since);
    await delay(PROBE_EVERY_MS);
  }
  await work;
  return longest;
}

/** The median of values, with the least and the largest. */
function show(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [least = 0, middle = 0, most = 0] = [0, Math.floor(ROUNDS / 2), ROUNDS - 1].map((at) => sorted[at]);
  return `${middle.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

try {
  for (const ofKey of OPERATIONS_OF_A_KEY) {
    const rounds: { cpuMs: number; probeMs: number }[] = [];
    // The first round warms up. V8 compiles then, so an operation costs more.
    let first = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      const before = cpuSeconds(gateway.pid);
      const operations = Array.from({ length: OPERATIONS }, () => send(ofKey));
      const probeMs = await longestProbe(Promise.all(operations));
      const cpuMs = ((cpuSeconds(gateway.pid) - before) * 1_000) / OPERATIONS;
      if (round === 0) first = cpuMs;
      else rounds.push({ cpuMs, probeMs });
    }
    const [cpu, longest] = [rounds.map(({ cpuMs }) => cpuMs), rounds.map(({ probeMs }) => probeMs)];
    console.log(
      `${OPERATIONS} operations at once, each of ${IDS} ids, ${ofKey} with each key, ${ROUNDS} rounds:`,
    );
    console.log(`CPU ms of an operation: ${show(cpu, 2)}; ${first.toFixed(2)} in the round before`);
    console.log(`longest health check, ms: ${show(longest, 0)}`);
  }
} finally {
  await client.destroy();
  await probe.destroy();
  await gateway.stop();
  api.close();
}
