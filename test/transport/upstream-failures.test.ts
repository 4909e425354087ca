import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { answerPlainly, scriptIdOf, wireScript } from '../support/api/plain-api.ts';
import { type Recorded, startRecorder } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway, type Result, type TestGateway } from '../support/gateways/gateway.ts';
import { freePort } from '../support/network/free-port.ts';
import { arrival, closing, eventually } from '../support/vitest/waiting.ts';

const HTML = '<html><body>the proxy is down</body></html>';
const SCRIPT_JSON = JSON.stringify({ success: true, script: wireScript('bad') });

interface Fault {
  readonly title: string;
  readonly strike: (response: ServerResponse, recorded: Recorded) => void;
  /** How often a read is tried. */
  readonly tries: number;
  readonly code: string;
}

const unavailable = (title: string, tries: number, strike: Fault['strike']): Fault => ({
  title,
  tries,
  strike,
  code: 'UPSTREAM_UNAVAILABLE',
});
const badResponse = (title: string, tries: number, strike: Fault['strike']): Fault => ({
  title,
  tries,
  strike,
  code: 'UPSTREAM_BAD_RESPONSE',
});
const body = (content: string | Buffer, status = 200, headers = {}) => {
  return (response: ServerResponse) => void response.writeHead(status, headers).end(content);
};

const FAULTS: readonly Fault[] = [
  unavailable('a reset after the request was read', 3, (_response, { socket }) => socket.resetAndDestroy()),
  unavailable('a connection that closes without an answer', 3, (_response, { socket }) => socket.destroy()),
  unavailable('503 with HTML', 3, body(HTML, 503)),
  badResponse('content-length 100 and 10 bytes', 3, (response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('0123456789', () => response.destroy());
  }),
  badResponse('a cut chunk', 3, (_response, { socket }) => {
    socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"success"');
  }),
  unavailable('502 with HTML', 3, body(HTML, 502)),
  { title: '504 with HTML', tries: 1, code: 'UPSTREAM_TIMEOUT', strike: body(HTML, 504) },
  unavailable('500 with HTML', 3, body(HTML, 500)),
  badResponse('200 with HTML', 1, body(HTML)),
  badResponse('an empty body', 1, body('')),
  badResponse('a byte order mark', 1, body(`\uFEFF${SCRIPT_JSON}`)),
  badResponse('broken UTF-8', 1, body(Buffer.from(SCRIPT_JSON.replace('name of', '\xff\xfe'), 'latin1'))),
  badResponse('JSON that is cut off', 1, body(SCRIPT_JSON.slice(0, 40))),
  badResponse('success under 500', 1, body(SCRIPT_JSON, 500)),
  badResponse('bytes that are not HTTP', 1, (_response, { socket }) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  badResponse('an unknown content-encoding', 1, body('x', 200, { 'content-encoding': 'zstd' })),
  badResponse('gzip that is none', 1, body(SCRIPT_JSON, 200, { 'content-encoding': 'gzip' })),
];

const clock = createManualClock();

describe.each(FAULTS)('$title', ({ strike, tries, code }) => {
  const fixture = useRecorder({ transport: { clock, random: () => 0 } });

  it(`is ${code} at the field of a query after ${tries} tries; the other fields stay`, async () => {
    fixture.respond = strikeOnly('bad', strike);
    const { data, errors } = await fixture.gateway.execute(SCRIPTS, { ids: ['bad', 'good'] });
    expect(data).toEqual({ scripts: [null, { id: 'good', name: 'name of good' }] });
    expect(errors).toMatchObject([
      expect.toBeError(code, { path: ['scripts', 0], endpoint: 'GET /scripts/:script_id' }),
    ]);
    expect(errors?.[0]?.extensions).not.toHaveProperty('outcome');
    expect(JSON.stringify(errors)).not.toMatch(/html|proxy|OpenSSH|127\.0\.0\.1|\bat \w+ \(/);
    expect(fixture.recorder.lines().filter((line) => line === 'GET /scripts/bad')).toHaveLength(tries);
  });

  it(`is ${code} with an unknown outcome for a mutation, which is never repeated`, async () => {
    fixture.respond = strikeOnly('bad', strike);
    const { data, errors } = await fixture.gateway.execute(TOGGLE, { input: { id: 'bad', enabled: true } });
    expect(data).toBeNull();
    expect(errors).toMatchObject([expect.toBeError(code, { path: ['toggleScript'], outcome: 'UNKNOWN' })]);
    expect(JSON.stringify(errors)).not.toMatch(/html|proxy|OpenSSH|127\.0\.0\.1/);
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/bad/toggle']);
    await expect(nameOf(fixture.gateway, 'good')).resolves.toBe('name of good');
  });
});

describe('a redirect', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0 } });

  it.each([301, 302, 303, 307, 308])(
    'with %i is not followed: the other host sees nothing',
    async (status) => {
      const other = await startRecorder(answerPlainly);
      fixture.respond = (_recorded, response) =>
        body('', status, { location: `${other.url}/scripts/bad` })(response);
      const read = await fixture.gateway.execute(SCRIPT, { id: 'bad' });
      const write = await fixture.gateway.execute(TOGGLE, { input: { id: 'bad', enabled: true } });
      expect(codes(read)).toEqual(['UPSTREAM_BAD_RESPONSE']);
      expect(write.errors?.[0]?.extensions).toMatchObject({
        code: 'UPSTREAM_BAD_RESPONSE',
        outcome: 'UNKNOWN',
      });
      expect(fixture.recorder.lines()).toEqual(['GET /scripts/bad', 'POST /scripts/bad/toggle']);
      expect(other.calls).toEqual([]);
      await other.close();
    },
  );
});

describe('an answer that is too large', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0 } });
  const MEGABYTE = Buffer.alloc(1024 * 1024, ' ');

  it('is not read when its content-length says so', async () => {
    fixture.respond = (_recorded, response) => {
      response.writeHead(200, { 'content-length': 18 * MEGABYTE.length }).write(MEGABYTE);
    };
    const { errors } = await fixture.gateway.execute(SCRIPT, { id: 'bad' });
    expect(errors?.[0]?.message).toContain('larger than 8388608 bytes');
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('is read up to the limit and no further when it comes in chunks', async () => {
    let written = 0;
    let closed: Promise<unknown> | undefined;
    fixture.respond = async (_recorded, response) => {
      closed = once(response, 'close');
      for (; written < 64 && !response.destroyed; written += 1) {
        if (!response.write(MEGABYTE)) await Promise.race([once(response, 'drain'), closed]);
      }
      response.end();
    };
    const { errors } = await fixture.gateway.execute(SCRIPT, { id: 'bad' });
    expect(codes({ errors })).toEqual(['UPSTREAM_BAD_RESPONSE']);
    expect(errors?.[0]?.message).toContain('larger than 8388608 bytes');
    await closed;
    expect(written).toBeLessThan(32);
  });

  it('is stopped at the decoded limit when it is a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(60 * MEGABYTE.length));
    expect(bomb.length).toBeLessThan(70_000);
    fixture.respond = (_recorded, response) => body(bomb, 200, { 'content-encoding': 'gzip' })(response);
    const { errors } = await fixture.gateway.execute(SCRIPT, { id: 'bad' });
    expect(codes({ errors })).toEqual(['UPSTREAM_BAD_RESPONSE']);
    expect(errors?.[0]?.message).toContain('larger than 8388608 bytes');
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('is read when it is just within the limit, compressed or not', async () => {
    const filled = JSON.stringify({ success: true, script: wireScript('big'), filler: 'x'.repeat(8e6) });
    fixture.respond = (_recorded, response) => body(filled)(response);
    await expect(nameOf(fixture.gateway, 'big')).resolves.toBe('name of big');
    fixture.respond = (_recorded, response) =>
      body(gzipSync(filled), 200, { 'content-encoding': 'gzip' })(response);
    await expect(nameOf(fixture.gateway, 'big')).resolves.toBe('name of big');
  });
});

describe('an API that takes too long', () => {
  const timeouts = { read: 5_000, write: 9_000 };
  const fixture = useRecorder({ transport: { clock, random: () => 0 }, timeouts });

  const SLOW: readonly Pick<Fault, 'title' | 'strike'>[] = [
    { title: 'accepts and never answers', strike: () => undefined },
    {
      title: 'stalls inside the head',
      strike: (_response, { socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-le'),
    },
    {
      title: 'stalls inside the body',
      strike: (response) => {
        response.writeHead(200, { 'content-length': SCRIPT_JSON.length }).write(SCRIPT_JSON.slice(0, 30));
      },
    },
    {
      title: 'sends one byte at a time',
      strike: (response) => {
        response.writeHead(200, { 'content-length': 1_000_000 });
        const timer = setInterval(() => response.write(' '), 2);
        response.once('close', () => clearInterval(timer));
      },
    },
  ];

  it.each(SLOW)('and $title times out at the deadline, and its socket is closed', async ({ strike }) => {
    fixture.respond = strikeOnly('bad', strike);
    const answer = fixture.gateway.execute(SCRIPT, { id: 'bad' });
    const { socket } = await arrival(fixture.recorder, 0);
    const closed = closing(socket);
    await settle();
    await clock.advance(4_999);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    const { data, errors } = await answer;
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_TIMEOUT', { path: ['script'] })]);
    await closed;
    expect(fixture.recorder.calls).toHaveLength(1);
    await expect(nameOf(fixture.gateway, 'good')).resolves.toBe('name of good');
    expect(clock.pending).toBe(0);
  });

  it.each(SLOW)('and $title leaves the outcome of a mutation unknown', async ({ strike }) => {
    fixture.respond = strikeOnly('bad', strike);
    const answer = fixture.gateway.execute(TOGGLE, { input: { id: 'bad', enabled: true } });
    const { socket } = await arrival(fixture.recorder, 0);
    const closed = closing(socket);
    await clock.advance(8_999);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    expect((await answer).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      outcome: 'UNKNOWN',
    });
    await closed;
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/bad/toggle']);
  });
});

describe('an API that cannot be connected to', () => {
  const open: { gateway?: TestGateway; server?: Server } = {};
  afterEach(async () => {
    open.server?.close();
    await open.gateway?.close();
    expect(open.gateway?.logged).toEqual([]);
  });

  /** A gateway whose retries draw from a counted random. */
  async function reach(upstream: string) {
    let retries = 0;
    const random = () => {
      retries += 1;
      return 0;
    };
    open.gateway = await openGateway({ upstream, transport: { clock, random } });
    return { gateway: open.gateway, retries: () => retries };
  }

  const UNREACHABLE = [
    { title: 'refuses connections', url: async () => `http://127.0.0.1:${await freePort()}` },
    // A label of more than 63 characters never resolves, and no name server is asked.
    { title: 'has no address', url: async () => `http://${'a'.repeat(64)}.invalid` },
    { title: 'speaks no TLS', url: () => listenRaw((socket) => void socket.end('no TLS here')) },
  ];

  it.each(UNREACHABLE)('because it $title is tried three times and UPSTREAM_UNAVAILABLE', async ({ url }) => {
    const { gateway, retries } = await reach(await url());
    const { data, errors } = await gateway.execute('{ script(id: "a") { name } __typename }');
    expect(data).toEqual({ script: null, __typename: 'Query' });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['script'] })]);
    expect(errors?.[0]?.message).toBe('GET /scripts/:script_id: LuaAuth could not be reached.');
    expect(retries()).toBe(2);
  });

  it.each(UNREACHABLE)('because it $title has certainly not executed a mutation', async ({ url }) => {
    const { gateway, retries } = await reach(await url());
    const { errors } = await gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcome: 'NOT_EXECUTED',
    });
    expect(retries()).toBe(2);
  });

  it('times out at the deadline when the TLS handshake never ends, and each next call tries anew', async () => {
    const sockets: Socket[] = [];
    const url = await listenRaw((socket) => void sockets.push(socket));
    open.gateway = await openGateway({ upstream: url, transport: { clock, rate: 1 } });
    for (const count of [1, 2]) {
      const answer = open.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
      await eventually(() => expect(sockets).toHaveLength(count));
      await clock.advance(5_000);
      expect((await answer).errors?.[0]?.extensions).toMatchObject({
        code: 'UPSTREAM_TIMEOUT',
        outcome: 'NOT_EXECUTED',
      });
    }
    for (const socket of sockets) socket.destroy();
  });

  async function listenRaw(onConnection: (socket: Socket) => void): Promise<string> {
    open.server = createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await once(open.server.listen(0, '127.0.0.1'), 'listening');
    return `https://127.0.0.1:${(open.server.address() as AddressInfo).port}`;
  }
});

/** Faults what concerns one script, and answers everything else. */
function strikeOnly(id: string, strike: Fault['strike']) {
  return (recorded: Recorded, response: ServerResponse) =>
    scriptIdOf(recorded) === id ? strike(response, recorded) : answerPlainly(recorded, response);
}

async function nameOf(gateway: TestGateway, id: string): Promise<string | undefined> {
  return (await gateway.execute(SCRIPT, { id })).data?.script?.name;
}

function codes({ errors = [] }: Pick<Result<unknown>, 'errors'>): string[] {
  return errors.map(({ extensions }) => extensions.code);
}
