import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBuffer } from '../../src/base/bytes.ts';
import { answerPlainly, wireScript } from '../support/api/plain-api.ts';
import {
  hasRead,
  inOneByteChunks,
  LAST_CHUNK,
  sendInOneByteChunks,
  watchSockets,
} from '../support/clients/one-byte-chunks.ts';
import { postText } from '../support/clients/raw-http.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { liveBytes } from '../support/processes/live-memory.ts';

const SIZE = 256 * 1024;
/** Garbage is collected before it is looked at, so that this needs no allowance for it. */
const MOST = 10 * SIZE;

/** Warms up what a request needs, and what stays. */
const QUERY = '{ script(id: "a") { name } }';
const OTHER_QUERY = '{ script(id: "b") { name } }';

const fixture = useRecorder();

const sockets = watchSockets();

/** JSON of `SIZE` bytes: what is missing is white space at its end. */
function padded(value: object): string {
  return JSON.stringify(value).padEnd(SIZE, ' ');
}

describe(`a body of ${SIZE} bytes in as many chunks takes less than ten times its size`, () => {
  it('from a client', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(QUERY);
    const head = postText('', { 'transfer-encoding': 'chunked', token: 'sandbox-key' });
    const body = padded({ query: OTHER_QUERY });
    const { client, grownBytes } = await sendInOneByteChunks(fixture.gateway, sockets, head, body);
    expect(grownBytes).toBeLessThan(MOST);

    client.socket.write(LAST_CHUNK);
    expect(await client.until('}}}')).toContain('{"data":{"script":{"name":"name of b"}}}');
    client.socket.destroy();
  });

  it('from the API', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const body = inOneByteChunks(padded({ success: true, script: wireScript('b') }));
    let api: Socket | undefined;
    let gateway: Socket | undefined;
    let readBefore = 0;
    fixture.respond = (call, response) => {
      if (call.line.endsWith('/a')) return answerPlainly(call, response);
      api = call.socket;
      gateway = sockets.opened.find(({ localPort }) => localPort === api?.remotePort);
      readBefore = gateway?.bytesRead ?? 0;
      api.write(head);
      api.write(body);
    };
    await fixture.gateway.execute(QUERY);
    const before = liveBytes();

    const result = fixture.gateway.execute(OTHER_QUERY);
    await hasRead(
      () => gateway,
      () => readBefore + head.length + body.length,
    );
    expect(liveBytes() - before).toBeLessThan(MOST);

    api?.write(LAST_CHUNK);
    expect((await result).data).toEqual({ script: { name: 'name of b' } });
  });

  it('from the caller of an embedded gateway', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(QUERY);
    // The first request that comes this way loads what it needs.
    await fixture.gateway.fetch('http://localhost/health');
    const bytes = Buffer.from(padded({ query: OTHER_QUERY }));
    let sent = 0;
    const before = liveBytes();
    let underWay = Number.NaN;
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          // The bytes of a network never come in one turn of the event loop.
          if (sent % 1_000 === 0 || sent === SIZE - 1) await setImmediate();
          if (sent === SIZE - 1) underWay = liveBytes();
          controller.enqueue(new Uint8Array(bytes.subarray(sent, sent + 1)));
          sent += 1;
          if (sent === SIZE) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const response = await fixture.gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'sandbox-key' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(await response.json()).toEqual({ data: { script: { name: 'name of b' } } });
    expect(underWay - before).toBeLessThan(MOST);
  });
});

describe('a growing buffer', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 20 });

  it('holds the bytes of all chunks in their order', () => {
    fc.assert(
      fc.property(chunks, (list) => {
        const buffer = new GrowingBuffer();
        for (const chunk of list) buffer.append(chunk);
        const all = Buffer.concat(list);
        expect(buffer.size).toBe(all.length);
        expect(buffer.bytes().equals(all)).toBe(true);
      }),
    );
  });

  it('copies no single chunk', () => {
    const chunk = Buffer.from('a chunk in the pool of node');
    const buffer = new GrowingBuffer();
    buffer.append(new Uint8Array());
    buffer.append(chunk);
    expect(buffer.bytes()).toBe(chunk);
  });

  it('does not keep the memory that its chunks are slices of', () => {
    const count = 1_000;
    const slab = 64 * 1024;
    const before = liveBytes();
    const buffer = new GrowingBuffer();
    for (let index = 0; index < count; index += 1) buffer.append(Buffer.alloc(slab, 'x').subarray(7, 8));
    expect(liveBytes() - before).toBeLessThan((count * slab) / 10);
    expect(buffer.bytes().toString()).toBe('x'.repeat(count));
  });
});
