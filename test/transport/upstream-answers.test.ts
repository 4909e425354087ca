import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { body, HTML, LIMIT, padded, SCRIPT, UNUSABLE } from '../support/api/answers.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import type { Respond } from '../support/api/recorder.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const fixture = useRecorder();

const read = () => fixture.gateway.execute('{ script(id: "a") { name } }');
const write = () =>
  fixture.gateway.execute('mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }');

describe('an answer that cannot be used', () => {
  it.each(UNUSABLE)('is an error of the read that says how: %s', async (_what, respond, reason) => {
    fixture.respond = respond;
    const { status, data, errors } = await read();
    expect({ status, data }).toEqual({ status: 200, data: { script: null } });
    expect(errors).toEqual([
      expect.toBeJustError('UPSTREAM_BAD_RESPONSE', {
        message: expect.stringMatching(/^GET \/scripts\/:script_id: LuaAuth's answer cannot be used: /),
        path: ['script'],
        locations: expect.any(Array),
        endpoint: 'GET /scripts/:script_id',
      }),
    ]);
    expect(errors?.[0]?.message).toMatch(reason);
    expect(JSON.stringify(errors)).not.toMatch(/<|internal-host|127\.0\.0\.1/);
  });

  it.each(UNUSABLE)(
    'leaves the outcome of a write unknown, which is not tried again: %s',
    async (_what, respond, reason) => {
      fixture.respond = respond;
      const { data, errors } = await write();
      expect(data ?? null).toBeNull();
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_BAD_RESPONSE', {
          message: expect.stringMatching(reason),
          path: ['toggleScript'],
          endpoint: 'POST /scripts/:script_id/toggle',
          outcome: 'UNKNOWN',
        }),
      ]);
      expect(JSON.stringify(errors)).not.toMatch(/<|internal-host|127\.0\.0\.1/);
      expect(fixture.recorder.lines()).toEqual(['POST /scripts/a/toggle']);
    },
  );

  it('of one field leaves the others alone', async () => {
    fixture.respond = (call, response) =>
      call.line === 'GET /scripts/a' ? body(HTML)(call, response) : answerPlainly(call, response);
    const { data } = await fixture.gateway.execute(
      '{ a: script(id: "a") { name } b: script(id: "b") { name } scripts(ids: ["b", "a"]) { name } }',
    );
    const good = { name: 'name of b' };
    expect(data).toEqual({ a: null, b: good, scripts: [good, null] });
  });
});

describe('a connection that breaks', () => {
  const reset: Respond = ({ socket }) => {
    socket.resetAndDestroy();
  };
  const close: Respond = ({ socket }) => {
    socket.destroy();
  };
  const refuse = body(HTML, 503, { 'content-type': 'text/html' });

  it.each([
    ['reset', reset, 'the connection to LuaAuth broke.'],
    ['closed', close, 'the connection to LuaAuth broke.'],
    ['answered with a 503 that is not the API’s own', refuse, 'LuaAuth is unavailable (HTTP 503).'],
  ])('makes LuaAuth unavailable to a read: %s', async (_what, respond, says) => {
    fixture.respond = respond;
    const { data, errors } = await read();
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_UNAVAILABLE', {
        path: ['script'],
        message: `GET /scripts/:script_id: ${says}`,
      }),
    ]);
    expect(JSON.stringify(errors)).not.toMatch(/<|internal-host|127\.0\.0\.1|ECONN/);
  });

  it.each([
    ['reset', reset],
    ['closed', close],
    ['answered with a 503 that is not the API’s own', refuse],
  ])('leaves the outcome of a write unknown, which is not tried again: %s', async (_what, respond) => {
    fixture.respond = respond;
    const { errors } = await write();
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['toggleScript'], outcome: 'UNKNOWN' }),
    ]);
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/a/toggle']);
  });
});

describe('a redirect', () => {
  it.each([300, 301, 302, 303, 307, 308])(
    'with %d is not followed, and the other host sees nothing',
    async (status) => {
      const other = await startRecorder((_call, response) => json(response, JSON.parse(SCRIPT)));
      try {
        fixture.respond = body(SCRIPT, status, { location: `${other.url}/scripts/a` });
        const [answer, written] = [await read(), await write()];
        expect(answer.errors).toMatchObject([
          expect.toBeError('UPSTREAM_BAD_RESPONSE', {
            message: expect.stringContaining(`it is a redirect (HTTP ${status})`),
          }),
        ]);
        expect(written.errors).toMatchObject([
          expect.toBeError('UPSTREAM_BAD_RESPONSE', { outcome: 'UNKNOWN' }),
        ]);
        expect(JSON.stringify([answer, written])).not.toContain(other.url);
        expect(fixture.recorder.lines()).toEqual(['GET /scripts/a', 'POST /scripts/a/toggle']);
        expect(other.lines()).toEqual([]);
      } finally {
        await other.close();
      }
    },
  );
});

describe('an answer that is as it should be', () => {
  it.each([
    ['without an encoding', body(SCRIPT)],
    ['with the encoding identity', body(SCRIPT, 200, { 'content-encoding': 'identity' })],
    ['with gzip', body(gzipSync(SCRIPT), 200, { 'content-encoding': 'gzip' })],
    ['with GZIP', body(gzipSync(SCRIPT), 200, { 'content-encoding': 'GZIP' })],
    ['with gzip, and white space behind it', body(gzipSync(SCRIPT), 200, { 'content-encoding': 'gzip \t' })],
    ['with x-gzip', body(gzipSync(SCRIPT), 200, { 'content-encoding': 'x-gzip' })],
    ['with deflate', body(deflateSync(SCRIPT), 200, { 'content-encoding': 'deflate' })],
    ['with br', body(brotliCompressSync(SCRIPT), 200, { 'content-encoding': 'br' })],
    ['under 201', body(SCRIPT, 201)],
    ['with another content type', body(SCRIPT, 200, { 'content-type': 'text/plain' })],
    ['with white space around it', body(`\n\t ${SCRIPT}\r\n`)],
    ['in chunks that cut characters in two', inChunks(Buffer.from(SCRIPT), 1)],
    ['behind early hints', earlyHints],
    ['that is as large as is allowed', body(padded(LIMIT))],
  ])('is read %s', async (_what, respond) => {
    fixture.respond = respond;
    const { data, errors } = await read();
    expect({ data, errors }).toEqual({ data: { script: { name: 'Näme 🌒' } }, errors: undefined });
  });
});

describe('an answer without end', () => {
  it('is cut off at the limit, and its connection is closed', async () => {
    const most = 256 * 1024 * 1024;
    let written = Promise.resolve(most);
    fixture.respond = (_call, response) => {
      written = pour(response, most);
    };
    const { errors } = await write();
    expect(errors).toMatchObject([
      { message: expect.stringContaining('larger than 8388608 bytes'), extensions: { outcome: 'UNKNOWN' } },
    ]);
    expect(await written).toBeLessThan(most);
  });
});

function inChunks(whole: Buffer, size: number): Respond {
  return (_call, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (let from = 0; from < whole.length; from += size) response.write(whole.subarray(from, from + size));
    response.end();
  };
}

function earlyHints(_call: unknown, response: ServerResponse): void {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end(SCRIPT));
}

/** Writes until the reader goes away or `most` bytes are written; gives how many there were. */
async function pour(response: ServerResponse, most: number): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  const closed = once(response, 'close');
  let written = 0;
  while (written < most && !response.destroyed) {
    written += chunk.length;
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed]);
  }
  return written;
}
