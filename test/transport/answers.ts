import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Respond } from '../support/api/recorder.ts';

/** Far less work than the best that Brotli can do. */
const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** The largest answer that the gateway reads, in bytes. */
export const LIMIT = 8 * 1024 * 1024;
/** A good answer to `GET /scripts/a`. */
export const SCRIPT = JSON.stringify({ success: true, script: { id: 'a', name: 'Näme 🌒' } });
/** An answer that a proxy might give in the API's place. */
const HTML = '<html><body><h1>Bad gateway</h1><p>internal-host-7</p></body></html>';

/** An answer with this body. */
export const body =
  (text: string | Buffer, status = 200, headers: Record<string, string> = {}): Respond =>
  (_call, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };

/** Bytes straight onto the connection, which then ends. */
const bytes =
  (text: string): Respond =>
  ({ socket }) => {
    socket.end(text);
  };

const CUT = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** A failure of the API, and what the gateway makes of it. A write that meets it is sent once, and its outcome is unknown. */
interface Fault {
  readonly failure: string;
  readonly respond: Respond;
  /** How often a read is sent. */
  readonly tries: 1 | 3;
  readonly code: 'UPSTREAM_UNAVAILABLE' | 'UPSTREAM_TIMEOUT' | 'UPSTREAM_BAD_RESPONSE' | 'UPSTREAM_ERROR';
  readonly says: RegExp;
}

/** Answers that cannot be used, with a word of what the error says about each. */
const UNUSABLE: [failure: string, respond: Respond, says: RegExp][] = [
  [
    'a body that is shorter than its content-length',
    bytes(`${CUT}content-length: 100\r\n\r\n{"success"`),
    /ends before it is complete/,
  ],
  [
    'a chunked body that is cut off',
    bytes(`${CUT}transfer-encoding: chunked\r\n\r\n40\r\n{"success": true, "sc`),
    /ends before it is complete/,
  ],
  [
    'a chunked body without its last chunk',
    bytes(`${CUT}transfer-encoding: chunked\r\n\r\n10\r\n{"success":true}\r\n`),
    /ends before it is complete/,
  ],
  [
    'a chunk whose size is no number',
    bytes(`${CUT}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`),
    /ends before it is complete/,
  ],
  ['something that is not HTTP', bytes('SSH-2.0-OpenSSH_9.6\r\n'), /it is not HTTP/],
  [
    'an answer of two lengths',
    bytes(`${CUT}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`),
    /it is not HTTP/,
  ],
  ['headers without end', bytes(`${CUT}x-filler: ${'x'.repeat(20_000)}`), /it is not HTTP/],
  ['HTML', body(HTML, 200, { 'content-type': 'text/html' }), /it is not JSON \(HTTP 200\)/],
  ['HTML under 404', body(HTML, 404, { 'content-type': 'text/html' }), /it is not JSON \(HTTP 404\)/],
  ['an empty body', body(''), /it is not JSON \(HTTP 200\)/],
  ['no body under 204', body('', 204), /it is not JSON \(HTTP 204\)/],
  ['a byte order mark', body(`\ufeff${SCRIPT}`), /it is not JSON/],
  ['bytes that are not UTF-8', body(Buffer.from(SCRIPT, 'latin1')), /its bytes are not UTF-8/],
  ['UTF-16', body(Buffer.from(SCRIPT, 'utf16le')), /its bytes are not UTF-8/],
  ['JSON that breaks off', body(SCRIPT.slice(0, -2)), /it is not JSON/],
  ['JSON with something behind it', body(`${SCRIPT} // internal-host-7`), /it is not JSON/],
  ['null', body('null'), /it is not a JSON object/],
  ['a list', body(`[${SCRIPT}]`), /it is not a JSON object/],
  ['text', body('"internal-host-7"'), /it is not a JSON object/],
  ['an object without "success"', body('{"script": {}}'), /it has no "success"/],
  [
    'an object whose "success" is text',
    body('{"success": "true", "script": {"name": "x"}}'),
    /it has no "success"/,
  ],
  ['success under 500', body(SCRIPT, 500), /it says success under HTTP 500/],
  ['success under 404', body(SCRIPT, 404), /it says success under HTTP 404/],
  [
    'an encoding that was not asked for',
    body(SCRIPT, 200, { 'content-encoding': 'zstd' }),
    /its content-encoding is not supported/,
  ],
  [
    'two encodings at once',
    body(SCRIPT, 200, { 'content-encoding': 'gzip, br' }),
    /its content-encoding is not supported/,
  ],
  [
    'an encoding named like a property',
    body(SCRIPT, 200, { 'content-encoding': 'constructor' }),
    /its content-encoding is not supported/,
  ],
  ['gzip that is none', body(SCRIPT, 200, { 'content-encoding': 'gzip' }), /its body cannot be decompressed/],
  [
    'gzip that breaks off',
    body(gzipSync(SCRIPT).subarray(0, -12), 200, { 'content-encoding': 'gzip' }),
    /its body cannot be decompressed/,
  ],
  [
    'a gzip bomb',
    body(gzipSync(Buffer.alloc(60 * 1024 * 1024)), 200, { 'content-encoding': 'gzip' }),
    /larger than 8388608 bytes/,
  ],
  [
    'a brotli bomb',
    body(brotliCompressSync(Buffer.alloc(20 * 1024 * 1024), QUICKLY), 200, { 'content-encoding': 'br' }),
    /larger than 8388608 bytes/,
  ],
  ['18 MB', body(`{"success": true, "x": "${'x'.repeat(18 * 1024 * 1024)}"}`), /larger than 8388608 bytes/],
  ['one byte too many', body(padded(LIMIT + 1)), /larger than 8388608 bytes/],
];

const BROKEN = /the connection to LuaAuth broke/;

export const FAULTS: readonly Fault[] = [
  ...UNUSABLE.map(
    ([failure, respond, says]): Fault => ({
      failure,
      respond,
      says,
      code: 'UPSTREAM_BAD_RESPONSE',
      // A connection that broke may hold next time.
      tries: says.source.includes('ends before') ? 3 : 1,
    }),
  ),
  ...(
    [
      ['a reset after the request was read', ({ socket }) => void socket.resetAndDestroy(), BROKEN],
      ['a connection that closes without an answer', ({ socket }) => void socket.destroy(), BROKEN],
      ['503 with HTML', body(HTML, 503), /LuaAuth is unavailable \(HTTP 503\)/],
    ] satisfies [string, Respond, RegExp][]
  ).map(
    ([failure, respond, says]): Fault => ({
      failure,
      respond,
      says,
      code: 'UPSTREAM_UNAVAILABLE',
      tries: 3,
    }),
  ),
  {
    failure: 'an internal server error',
    respond: body('{"success":false,"error":{"code":-1,"message":"internal server error"}}'),
    says: /internal server error/,
    code: 'UPSTREAM_ERROR',
    tries: 3,
  },
  {
    failure: '504 with HTML',
    respond: body(HTML, 504),
    says: /LuaAuth did not answer in time \(HTTP 504\)/,
    code: 'UPSTREAM_TIMEOUT',
    tries: 1,
  },
];

/** A good answer of exactly so many bytes. */
export function padded(size: number): string {
  return SCRIPT + ' '.repeat(size - Buffer.byteLength(SCRIPT));
}
