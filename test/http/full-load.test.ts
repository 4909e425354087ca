import type { ServerResponse } from 'node:http';
import { print } from 'graphql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMetrics } from '../../src/features/metrics/metrics.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import type { Recorded } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually } from '../support/vitest/waiting.ts';

const FOREVER_MS = 600_000;
/** Tells the server how busy its event loop is, as a part of the time. */
let measured: ((busy: number) => void) | undefined;
const metrics = createMetrics();
const fixture = useRecorder({
  timeouts: { read: FOREVER_MS, write: FOREVER_MS },
  operationTimeoutMs: FOREVER_MS,
  server: {
    mostBegun: 2,
    onUnread: metrics.leftUnread,
    meterLoad(onMeasured) {
      measured = onMeasured;
      return {
        end() {
          measured = undefined;
        },
      };
    },
  },
});
/** The reads that wait for the REST API, by id. */
const waiting = new Map<string, () => void>();
/** The ids of all reads, in order of arrival. */
let arrived: string[] = [];

beforeEach(() => {
  measured = undefined;
  waiting.clear();
  arrived = [];
  fixture.respond = (recorded: Recorded, response: ServerResponse) => {
    const id = recorded.line.split('/').at(-1) as string;
    arrived.push(id);
    waiting.set(id, () => answerPlainly(recorded, response));
  };
});

// Before the gateway, which would wait for calls without an answer.
afterEach(() => fixture.recorder.close());

type Client = Awaited<ReturnType<typeof openRaw>>;

function write({ socket }: Client, id: string, token = 'key'): void {
  socket.write(postText(JSON.stringify({ query: print(SCRIPT), variables: { id } }), { token }));
}

/** Opens a connection with a read, and returns when the read waits for the REST API. */
async function ask(id: string, token?: string): Promise<Client> {
  const client = await openRaw(fixture.gateway.url);
  write(client, id, token);
  await arrival(id);
  return client;
}

const arrival = (id: string) => eventually(() => expect(arrived).toContain(id));

async function answer(id: string, client: Client): Promise<void> {
  waiting.get(id)?.();
  await client.until(`"${id}"`);
}

/** At full load with three reads that wait, the first is answered, and its client has sent another read. */
async function leaveUnread() {
  const clients = [await ask('a'), await ask('b'), await ask('c')] as const;
  measured?.(1);
  await answer('a', clients[0]);
  write(clients[0], 'a2');
  // A new connection is read in any case: the other would have been read before.
  const further = await ask('d');
  expect(arrived).toEqual(['a', 'b', 'c', 'd']);
  return [...clients, further] as const;
}

it('at full load the next request of a connection stays unread until others have their answers', async () => {
  const [first, second, third] = await leaveUnread();
  await answer('b', second);
  await answer('c', third);
  await arrival('a2');
  await answer('a2', first);
});

it('a connection that is left unread counts in the metrics', async () => {
  const count = async () =>
    Number(/^luaauth_http_connections_left_unread_total (\d+)$/m.exec(await metrics.text())?.[1]);
  const before = await count();
  await leaveUnread();
  expect((await count()) - before).toBe(1);
});

it('requests are read when the event loop waits for the REST API as well', async () => {
  await leaveUnread();
  measured?.(0.1);
  await arrival('a2');
});

it('requests are read when others have waited long', async () => {
  await leaveUnread();
  for (let times = 0; times < 50; times += 1) measured?.(1);
  await arrival('a2');
});

it('the connection of a client with a single connection is read before the many of another', async () => {
  const many = [await ask('m1', 'many'), await ask('m2', 'many'), await ask('m3', 'many')];
  const one = await ask('one', 'single');
  const others = [await ask('x', 'other'), await ask('y', 'other'), await ask('z', 'other')] as const;
  measured?.(1);
  for (const [index, client] of many.entries()) await answer(`m${index + 1}`, client);
  await answer('one', one);
  for (const [index, client] of many.entries()) write(client, `next${index}`, 'many');
  write(one, 'next-of-one', 'single');
  await ask('further', 'other');
  const before = arrived.length;
  for (const [index, id] of ['x', 'y', 'z'].entries()) await answer(id, others[index as 0]);
  await eventually(() => expect(arrived.length).toBeGreaterThan(before));
  expect(arrived[before]).toBe('next-of-one');
});

it('a connection that has its answer waits behind unread connections, even if the load has become less', async () => {
  const [first, second, third] = await leaveUnread();
  measured?.(0.6);
  await answer('b', second);
  write(second, 'b2');
  await answer('c', third);
  await arrival('a2');
  expect(arrived).not.toContain('b2');
  await answer('a2', first);
  await arrival('b2');
});

it('a connection whose answer came at once is always read', async () => {
  await leaveUnread();
  const probe = await openRaw(fixture.gateway.url);
  for (let times = 1; times <= 3; times += 1) {
    probe.socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await eventually(() => expect(probe.received().match(/"ok"/g)).toHaveLength(times));
  }
});

it('a process that stops answers the requests that were left unread', async () => {
  const [first, ...others] = await leaveUnread();
  const stopped = fixture.gateway.drain(FOREVER_MS);
  await arrival('a2');
  await answer('a2', first);
  for (const { socket } of others) socket.destroy();
  await stopped;
});
