import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestObserver } from '../../src/observability/request-record.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { settle } from '../support/clocks/clock.ts';
import { useOpened, useRecorder } from '../support/gateways/fixture.ts';
import { arrival, eventually } from '../support/vitest/waiting.ts';

const { open, record } = useOpened();

const HEALTH = ['GET /health HTTP/1.1', 'host: localhost', '', ''].join('\r\n');
/** Its document is one that the gateway has not seen, and takes some ms to be parsed and validated. */
const operation = (name: string) => {
  const fields = Array.from({ length: 300 }, (_one, index) => `${name}f${index}: __typename`);
  return postText(JSON.stringify({ query: `{ nope ${fields.join(' ')} }` }), { token: 'key' });
};

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** A body that ends too early. Its one integer past 2^53 makes the gateway parse all numbers exactly, which takes some ms. */
const numbers = `12345678901234567890${',0'.repeat(100_000)}`;
const malformed = postText(`{"query":"{ nope }","ignored":[${numbers}]`, { token: 'key' });

it.each([
  ['operations', 120, (index: number) => operation(`n${index}`), 0],
  ['malformed large bodies', 20, () => malformed, malformed.length - 1],
])(
  'answers a health check before most of the %s that end with it, and then all of them',
  async (_what, count, textOf, sentBefore) => {
    const recorder = await record(() => undefined);
    const { gateway } = await open({ upstream: recorder.url });
    const connect = async () => {
      const client = await openRaw(gateway.url);
      client.socket.write(HEALTH);
      await client.until('"status":"ok"');
      return client;
    };
    const clients = await Promise.all(Array.from({ length: count }, connect));
    const other = await connect();
    const texts = clients.map((_client, index) => textOf(index));
    await Promise.all(
      clients.map(
        ({ socket }, index) =>
          new Promise((resolve) => socket.write(texts[index]?.slice(0, sentBefore) ?? '', resolve)),
      ),
    );
    await settle();
    const answered = () => clients.filter(({ received }) => received().includes('"errors":')).length;
    const before = new Promise<number>((resolve) => other.socket.once('data', () => resolve(answered())));

    for (const [index, { socket }] of clients.entries()) socket.write(texts[index]?.slice(sentBefore) ?? '');
    other.socket.write(HEALTH);

    expect(await before).toBeLessThan(count / 2);
    await eventually(() => expect(answered()).toBe(count));
    for (const { socket } of [...clients, other]) socket.destroy();
  },
);

describe('where each of 24 operations takes a whole slice', () => {
  let spinMs = 0;
  const slowly: RequestObserver = { running: () => spin(spinMs) };
  const fixture = useRecorder({ trustedProxy: 'x-forwarded-for', observers: [slowly] });
  const post = (headers: Record<string, string>) =>
    postText(JSON.stringify({ query: '{ __typename }' }), headers);
  const from = (address: string, token: string) => post({ token, 'x-forwarded-for': address });
  const openNew = () => openRaw(fixture.gateway.url);
  /** A connection that the gateway has accepted. */
  const openAccepted = async () => {
    const client = await openNew();
    client.socket.write(HEALTH);
    await client.until('"status":"ok"');
    return client;
  };
  let attackers: Awaited<ReturnType<typeof openRaw>>[];
  const answered = () => attackers.filter(({ received }) => received().includes('"data":')).length;

  beforeEach(async () => {
    spinMs = 0;
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, { token: 'key' });
  });
  afterEach(async () => {
    await eventually(() => expect(answered()).toBe(24));
    for (const { socket } of attackers) socket.destroy();
  });
  const madeUp = (index: number) => from('203.0.113.1', `made-up-${index}`);
  /** `open`: whether the gateway accepts the connections before the operations arrive. */
  const attack = async (open: typeof openAccepted, textOf = madeUp) => {
    attackers = await Promise.all(Array.from({ length: 24 }, open));
    spinMs = 25;
    for (const [index, { socket }] of attackers.entries()) socket.write(textOf(index));
  };

  it.each([
    ['old', openAccepted],
    ['new', openNew],
  ])(
    'thirty new connections are answered before most of those with made-up keys, on %s connections',
    async (_title, open) => {
      await attack(open);
      const others = await Promise.all(Array.from({ length: 30 }, openAccepted));
      expect(answered()).toBeLessThan(18);
      for (const { socket } of others) socket.destroy();
    },
  );

  it.each([
    ['with an accepted key', from('203.0.113.1', 'key')],
    ['of another address', from('198.51.100.1', 'new')],
  ])('an operation %s begins before most of those with made-up keys', async (_title, text) => {
    const { socket, until } = await openAccepted();
    await attack(openAccepted);
    socket.write(text);
    await until('"data":');
    expect(answered()).toBeLessThan(18);
    socket.destroy();
  });

  it('an accepted key has the turns of one client, from however many addresses it is used', async () => {
    await fixture.gateway.execute(SCRIPT, { id: 'b' }, { token: 'other' });
    const { socket, until } = await openAccepted();
    await attack(openAccepted, (index) => from(`203.0.113.${index}`, 'key'));
    socket.write(from('198.51.100.1', 'other'));
    await until('"data":');
    expect(answered()).toBeLessThan(6);
    socket.destroy();
  });
});

it('answers a health check while a large answer goes to many waiting operations', async () => {
  let running = 0;
  let release = () => {};
  const systems = Array.from({ length: 2_000 }, (_one, index) => ({
    id: `a${index}`,
    project_id: 'p',
    name: 'x'.repeat(300),
    key_duration: 1,
    max_keys: 1,
    allow_extending: true,
    max_duration: 1,
  }));
  const recorder = await record((_recorded, response) => {
    release = () => json(response, { success: true, systems });
  });
  const { gateway } = await open({
    upstream: recorder.url,
    observers: [{ running: () => void running++ }],
  });
  const request = postText(JSON.stringify({ query: '{ adSystems { id name } }' }), { token: 'key' });
  const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(gateway.url)));
  const other = await openRaw(gateway.url);
  for (const { socket } of clients) socket.write(request);
  await eventually(() => expect(running).toBe(30));
  await arrival(recorder, 0);
  let answered = 0;
  const first = new Promise((resolve) => {
    for (const { socket } of clients) {
      socket.once('data', () => {
        answered += 1;
        resolve(undefined);
      });
    }
  });
  release();
  await first;
  other.socket.write(HEALTH);
  await other.until('"status":"ok"');
  expect(answered).toBeLessThan(15);
  await eventually(() => expect(answered).toBe(30));
  expect(recorder.calls).toHaveLength(1);
  for (const { socket } of [...clients, other]) socket.destroy();
});
