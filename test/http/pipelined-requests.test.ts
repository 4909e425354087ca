import { setTimeout as delay } from 'node:timers/promises';
import { print } from 'graphql';
import { afterEach, expect, it } from 'vitest';
import type { RequestObserver } from '../../src/observability/request-record.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

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
/** How many requests of a stranger's connection the gateway begins at once. */
const FEW = 10;

// Before the gateway, which would wait for calls without an answer.
afterEach(() => fixture.recorder.close());

const readAll = (token: string) =>
  Array.from({ length: PARALLEL }, (_, index) =>
    postText(JSON.stringify({ query: print(SCRIPT), variables: { id: `s${index}` } }), { token }),
  ).join('');
const idsIn = (received: string) => [...received.matchAll(/"id":"(s\d+)"/g)].map(([, id]) => id);
const IDS = Array.from({ length: PARALLEL }, (_, index) => `s${index}`);

it('requests that a stranger sends at once begin a few at a time, and all are answered in their order', async () => {
  const answers: (() => void)[] = [];
  fixture.respond = (recorded, response) => {
    answers.push(() => answerPlainly(recorded, response));
  };
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(readAll('stranger'));
  await expectCalls(fixture.recorder, FEW);
  fixture.respond = answerPlainly;
  for (const answer of answers) answer();
  await eventually(() => expect(idsIn(client.received())).toEqual(IDS));
  client.socket.destroy();
});

it('the time of a request that has to wait for its beginning counts', async () => {
  const answers: (() => void)[] = [];
  fixture.respond = (recorded, response) => {
    answers.push(() => answerPlainly(recorded, response));
  };
  durationsMs = [];
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(readAll('stranger'));
  await expectCalls(fixture.recorder, FEW);
  const waitedFrom = performance.now();
  await delay(200);
  const waitedMs = performance.now() - waitedFrom;
  fixture.respond = answerPlainly;
  for (const answer of answers) answer();
  await eventually(() => expect(durationsMs).toHaveLength(PARALLEL));
  expect(durationsMs.filter((ms) => ms < waitedMs)).toEqual([]);
  client.socket.destroy();
});

it('requests that a known client sends at once begin at once', async () => {
  fixture.respond = answerPlainly;
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(
    postText(JSON.stringify({ query: print(SCRIPT), variables: { id: 'first' } }), { token: 'known' }),
  );
  await client.until('"first"');
  fixture.respond = () => undefined;
  client.socket.write(readAll('known'));
  await expectCalls(fixture.recorder, 1 + PARALLEL);
  client.socket.destroy();
});

it('requests that wait behind another begin no more after their client has left', async () => {
  fixture.respond = () => undefined;
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(readAll('leaver'));
  await expectCalls(fixture.recorder, FEW);
  client.socket.destroy();
  const { socket } = await arrival(fixture.recorder, 0);
  await eventually(() => expect(socket.destroyed).toBe(true));
  await expectCalls(fixture.recorder, FEW);
});

it('a health check is answered while most of what many strangers have sent at once waits', async () => {
  const CONNECTIONS = 200;
  const open = () => openRaw(fixture.gateway.url);
  const strangers = await Promise.all(Array.from({ length: CONNECTIONS }, open));
  const probe = await open();
  begun = 0;
  const all = postText('{"query":"{ __typename }"}', { token: 'stranger' }).repeat(FEW);
  for (const { socket } of strangers) socket.write(all);
  probe.socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await probe.until('"ok"');
  expect(begunAtHealth).toBeLessThan((CONNECTIONS * FEW) / 2);
  for (const { received } of strangers)
    await eventually(() => expect(received().match(/"Query"/g)).toHaveLength(FEW));
  for (const { socket } of [...strangers, probe]) socket.destroy();
});
