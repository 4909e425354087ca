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
  profileDirectory: undefined,
  variables: { LOG_LEVEL: 'error' },
});
const client = new Pool(gateway.url, { connections: OPERATIONS });
const probe = new Pool(gateway.url, { connections: 1 });
let keys = 0;

/** Sends one operation, with a key that nobody has sent before. */
async function send(): Promise<void> {
  keys += 1;
  const headers = { 'content-type': 'application/json', token: `made-up-key-${keys}` };
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

try {
  const rounds: { cpuMs: number; probeMs: number }[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = cpuSeconds(gateway.pid);
    const probeMs = await longestProbe(Promise.all(Array.from({ length: OPERATIONS }, send)));
    const cpuMs = ((cpuSeconds(gateway.pid) - before) * 1_000) / OPERATIONS;
    if (round > 0) rounds.push({ cpuMs, probeMs });
  }
  const show = (values: number[], digits: number) => {
    const [least = 0, middle = 0, most = 0] = [0, Math.floor(ROUNDS / 2), ROUNDS - 1].map(
      (at) => values.sort((a, b) => a - b)[at],
    );
    return `${middle.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
  };
  console.log(
    `${OPERATIONS} operations at once, each of ${IDS} ids and with a key of its own, ${ROUNDS} rounds:`,
  );
  console.log(
    `CPU ms of an operation: ${show(
      rounds.map(({ cpuMs }) => cpuMs),
      2,
    )}`,
  );
  console.log(
    `longest health check, ms: ${show(
      rounds.map(({ probeMs }) => probeMs),
      0,
    )}`,
  );
} finally {
  await client.destroy();
  await probe.destroy();
  await gateway.stop();
  api.close();
}
