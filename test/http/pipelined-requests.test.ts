import { setTimeout as delay } from 'node:timers/promises';
import { print } from 'graphql';
import { afterEach, expect, it } from 'vitest';
import type { RequestObserver } from '../../src/observability/request-record.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

/** How many requests have begun: in all, and when the last health check was answered. */
let begun = 0;
let begunAtHealth = 0;
let durationsMs: number[] = [];
const observer: RequestObserver = {
  began() {
    begun += 1;
  },
  ended({ request: { path } }, { durationMs }) {
    if (path === '/health') begunAtHealth = begun;
    durationsMs.push(durationMs);
  },
};
const fixture = useRecorder({ observers: [observer] });
const PARALLEL = 20;

// Before the gateway, which would wait for calls without an answer.
afterEach(() => fixture.recorder.close());

const readAll = (token: string) =>
  Array.from({ length: PARALLEL }, (_, index) =>
    postText(JSON.stringify({ query: print(SCRIPT), variables: { id: `s${index}` } }), { token }),
  ).join('');
const idsIn = (received: string) => [...received.matchAll(/"id":"(s\d+)"/g)].map(([, id]) => id);
const IDS = Array.from({ length: PARALLEL }, (_, index) => `s${index}`);

it('begins the requests that a client sends at once one after the other, and answers them in their order', async () => {
  const answers: (() => void)[] = [];
  fixture.respond = (recorded, response) => {
    answers.push(() => answerPlainly(recorded, response));
  };
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(readAll('unknown'));
  await expectCalls(fixture.recorder, 1);
  fixture.respond = answerPlainly;
  for (const answer of answers) answer();
  await eventually(() => expect(idsIn(client.received())).toEqual(IDS));
  client.socket.destroy();
});

it('counts the time in which a request waits to begin', async () => {
  const answers: (() => void)[] = [];
  fixture.respond = (recorded, response) => {
    answers.push(() => answerPlainly(recorded, response));
  };
  durationsMs = [];
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(readAll('unknown'));
  await expectCalls(fixture.recorder, 1);
  const waitedFrom = performance.now();
  await delay(200);
  const waitedMs = performance.now() - waitedFrom;
  fixture.respond = answerPlainly;
  for (const answer of answers) answer();
  await eventually(() => expect(durationsMs).toHaveLength(PARALLEL));
  expect(durationsMs.filter((ms) => ms < waitedMs)).toEqual([]);
  client.socket.destroy();
});

it('answers a health check while most of what many clients have sent at once waits', async () => {
  const CONNECTIONS = 200;
  const FEW = 10;
  const HEALTH = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n';
  /** A connection that the gateway has accepted. */
  const open = async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(HEALTH);
    await client.until('"ok"');
    return client;
  };
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, open));
  const probe = await open();
  begun = 0;
  const all = postText('{"query":"{ __typename }"}', { token: 'unknown' }).repeat(FEW);
  for (const { socket } of clients) socket.write(all);
  const answered = new Promise((resolve) => probe.socket.once('data', resolve));
  probe.socket.write(HEALTH);
  await answered;
  expect(begunAtHealth).toBeLessThan((CONNECTIONS * FEW) / 2);
  for (const { received } of clients)
    await eventually(() => expect(received().match(/"Query"/g)).toHaveLength(FEW));
  for (const { socket } of [...clients, probe]) socket.destroy();
});
