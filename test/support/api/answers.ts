import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Respond } from './recorder.ts';

/** The largest answer that the gateway reads, in bytes. */
export const LIMIT = 8 * 1024 * 1024;
/** A good answer to `GET /scripts/a`. */
export const SCRIPT = JSON.stringify({ success: true, script: { id: 'a', name: 'Näme 🌒' } });
/** An answer that a proxy might give in the API's place. */
export const HTML = '<html><body><h1>Bad gateway</h1><p>internal-host-7</p></body></html>';

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

/** Far less work than the best that Brotli can do. */
const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

const CUT = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** Answers that cannot be used, with a word of what the error says about each. */
export const UNUSABLE: [what: string, respond: Respond, reason: RegExp][] = [
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

/** A good answer of exactly so many bytes. */
export function padded(size: number): string {
  return SCRIPT + ' '.repeat(size - Buffer.byteLength(SCRIPT));
}
