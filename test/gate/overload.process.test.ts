import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { getIntrospectionQuery } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { upgradeText } from '../support/clients/socket-client.ts';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';

/** The CPU time of a process in seconds: time in which it does not run does not count. */
function cpuOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = rest.split(' ').slice(11, 13).map(Number) as [number, number];
  return (user + system) / 100;
}

function mostMemoryOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

const QUERY = getIntrospectionQuery();
const HEALTH = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n';
const introspection = postText(JSON.stringify({ query: QUERY }), { token: 'one' });
/** An integer past 2^53 makes the gateway parse all numbers of the text exactly. */
const numbers = (count: number) => `[12345678901234567890${',0'.repeat(count)}]`;
const variables = encodeURIComponent(`{"ignored":${numbers(15_000)}}`);
const read = (id: string, token: string) =>
  postText(JSON.stringify({ query: `{ script(id: "${id}") { name } }` }), { token });

/** A masked text frame of a client. */
function frame(message: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(message));
  const { length } = bytes;
  const long = Buffer.alloc(8);
  long.writeUIntBE(length, 2, 6);
  const short = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 0xff];
  const size = length < 65_536 ? Buffer.from(short) : Buffer.concat([Buffer.from([0xff]), long]);
  const head = Buffer.concat([Buffer.from([0x81]), size]);
  return Buffer.concat([head, Buffer.alloc(4), bytes]);
}

describe.skipIf(process.platform !== 'linux')(
  'a process with a heap of 256 MB, by its CPU time',
  {
    timeout: 180_000,
  },
  () => {
    let recorder: Awaited<ReturnType<typeof startRecorder>>;
    let gateway: GatewayProcess;
    let url = '';
    let sockets: Socket[] = [];

    beforeEach(async () => {
      recorder = await startRecorder(answerPlainly);
      gateway = startProcess({
        PORT: '0',
        LUAAUTH_API_URL: recorder.url,
        LUAAUTH_RATE: '0',
        NODE_OPTIONS: '--max-old-space-size=256',
      });
      url = await gateway.listening();
      for (const token of ['one', 'other']) {
        const { socket, until } = await openRaw(url);
        socket.write(read('first', token));
        await until('"data"');
        socket.destroy();
      }
    });
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      sockets = [];
      await gateway.kill();
      await recorder.close();
    });

    /** A connection that the gateway has accepted. */
    async function open() {
      const client = await openRaw(url);
      sockets.push(client.socket);
      client.socket.write(HEALTH);
      await client.until('"ok"');
      return client;
    }

    /** The CPU time until health checks and reads of another key are answered, over some rounds. */
    async function expectOthersServed(probe: Awaited<ReturnType<typeof open>>) {
      const { pid } = gateway;
      let [health, reading] = [0, 0];
      for (let round = 0; round < 8; round += 1) {
        const before = cpuOf(pid);
        const answered = new Promise((resolve) => probe.socket.once('data', resolve));
        probe.socket.write(HEALTH);
        await answered;
        health = Math.max(health, cpuOf(pid) - before);
        const from = cpuOf(pid);
        probe.socket.write(read(`read${round}`, 'other'));
        await probe.until(`name of read${round}`);
        reading = Math.max(reading, cpuOf(pid) - from);
      }
      expect(health).toBeLessThan(0.5);
      expect(reading).toBeLessThan(1);
      expect(mostMemoryOf(pid)).toBeLessThan(400);
    }

    const subscribe = (_item: unknown, id: number) =>
      frame({ type: 'subscribe', id: String(id), payload: { query: QUERY } });
    const subscribeAndLeave = (item: unknown, id: number) =>
      Buffer.concat([
        subscribe(item, id),
        frame({ type: 'complete', id: String(id) }),
        frame({ type: 'ping' }),
      ]);

    /** A message of 1.4 MB that needs no operation, so that no turn of the gate applies. */
    const members = Object.fromEntries(
      Array.from({ length: 100_000 }, (_item, index) => [`name${index}`, 1]),
    );
    const largePong = () => frame({ type: 'pong', payload: members });

    it.each<[sockets: number, what: string, length: number, messages: typeof subscribe, reads: boolean]>([
      [200, '20 introspections each, whose client reads', 20, subscribe, true],
      [200, '20 introspections each, whose client does not read', 20, subscribe, false],
      [200, '100 introspections each that the client leaves', 100, subscribeAndLeave, false],
      [20, '4 large messages each', 4, largePong, true],
    ])(
      'serves others beside %i WebSockets without a key, of %s',
      async (many, _what, length, messages, reads) => {
        const all = Buffer.concat([
          frame({ type: 'connection_init', payload: {} }),
          ...Array.from({ length }, messages),
        ]);
        const probe = await open();
        const clients = [];
        for (let count = 0; count < many; count += 1) {
          const client = await openRaw(url);
          sockets.push(client.socket);
          client.socket.write(upgradeText('/graphql'));
          await client.until('101 ');
          client.socket.removeAllListeners('data');
          if (reads) client.socket.resume();
          else client.socket.pause();
          clients.push(client);
        }
        for (const { socket } of clients) socket.write(all);
        await expectOthersServed(probe);
      },
    );

    it.each<[sockets: number, times: number, what: string, text: string]>([
      [100, 100, 'introspections', introspection],
      [1, 1_000, 'introspections', introspection],
      [
        250,
        1,
        'operations with long variables in the URL',
        `GET /graphql?query={__typename}&variables=${variables} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
      ],
      [
        300,
        4,
        'bodies of numbers',
        postText(`{"query":"{__typename}","variables":{"ignored":${numbers(15_000)}}}`, { token: 'unknown' }),
      ],
      [
        400,
        100,
        'tiny operations without a known key',
        postText('{"query":"{__typename}"}', { token: 'unknown' }),
      ],
    ])('serves others beside %i connections with %i pipelined %s each', async (count, times, _what, text) => {
      const probe = await open();
      const floods = [];
      for (let opened = 0; opened < count; opened += 1) {
        const { socket } = await open();
        floods.push(socket.removeAllListeners('data').resume());
      }
      // All at once: the gateway may find all of them in one turn of its event loop.
      for (const flood of floods) flood.write(text.repeat(times));
      await expectOthersServed(probe);
    });
  },
);
