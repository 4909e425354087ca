import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Respond } from '../support/api/recorder.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { body, LIMIT, padded, SCRIPT } from './answers.ts';

const fixture = useRecorder();

const read = () => fixture.gateway.execute('{ script(id: "a") { name } }');
const write = () =>
  fixture.gateway.execute('mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }');

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
    ['with GZIP, and white space behind it', body(gzipSync(SCRIPT), 200, { 'content-encoding': 'GZIP \t' })],
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
