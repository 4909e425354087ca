import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { answerPlainly, scriptIdOf, wireScript } from '../support/api/plain-api.ts';
import type { Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway, type Result, type TestGateway } from '../support/gateways/gateway.ts';
import { freePort } from '../support/network/free-port.ts';
import { arrival, closing, eventually } from '../support/vitest/waiting.ts';
import { body, FAULTS } from './answers.ts';

const SCRIPT_JSON = JSON.stringify({ success: true, script: wireScript('bad') });

const clock = createManualClock();

describe.each(FAULTS)('$failure', ({ respond, tries, code, says }) => {
  const fixture = useRecorder({ transport: { clock, random: () => 0 } });

  it(`is ${code} at the field of a query after ${tries} tries; the other fields stay`, async () => {
    fixture.respond = strikeOnly('bad', respond);
    const { data, errors } = await fixture.gateway.execute(SCRIPTS, { ids: ['bad', 'good'] });
    expect(data).toEqual({ scripts: [null, { id: 'good', name: 'name of good' }] });
    expect(errors).toEqual([
      expect.toBeError(code, {
        message: expect.stringMatching(says),
        path: ['scripts', 0],
        endpoint: 'GET /scripts/:script_id',
      }),
    ]);
    expect(errors?.[0]?.extensions).not.toHaveProperty('outcome');
    expect(JSON.stringify(errors)).not.toMatch(PRIVATE);
    expect(fixture.recorder.lines().filter((line) => line === 'GET /scripts/bad')).toHaveLength(tries);
  });

  it(`is ${code} with an unknown outcome for a mutation, which is never repeated`, async () => {
    fixture.respond = strikeOnly('bad', respond);
    const { data, errors } = await fixture.gateway.execute(TOGGLE, { input: { id: 'bad', enabled: true } });
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      expect.toBeError(code, {
        message: expect.stringMatching(says),
        path: ['toggleScript'],
        outcome: 'UNKNOWN',
      }),
    ]);
    expect(JSON.stringify(errors)).not.toMatch(PRIVATE);
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/bad/toggle']);
    await expect(nameOf(fixture.gateway, 'good')).resolves.toBe('name of good');
  });
});

/** What no error may quote: the answer, the host, a stack. */
const PRIVATE = /<|internal-host|OpenSSH|127\.0\.0\.1|ECONN|\bat \w+ \(/;

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

  it('is read when it is just within the limit', async () => {
    const filled = JSON.stringify({ success: true, script: wireScript('big'), filler: 'x'.repeat(8e6) });
    fixture.respond = body(filled);
    await expect(nameOf(fixture.gateway, 'big')).resolves.toBe('name of big');
  });
});

describe('an API that takes too long', () => {
  const timeouts = { read: 5_000, write: 9_000 };
  const fixture = useRecorder({ transport: { clock, random: () => 0 }, timeouts });

  const SLOW: readonly { readonly title: string; readonly strike: Respond }[] = [
    { title: 'accepts and never answers', strike: () => undefined },
    {
      title: 'stalls inside the head',
      strike: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-le'),
    },
    {
      title: 'stalls inside the body',
      strike: (_recorded, response) => {
        response.writeHead(200, { 'content-length': SCRIPT_JSON.length }).write(SCRIPT_JSON.slice(0, 30));
      },
    },
    {
      title: 'sends one byte at a time',
      strike: (_recorded, response) => {
        response.writeHead(200, { 'content-length': 1_000_000 });
        const timer = setInterval(() => response.write(' '), 2);
        response.once('close', () => clearInterval(timer));
      },
    },
  ];

  it.each(SLOW)('and $title times out at the deadline, and its socket is closed', async ({ strike }) => {
    // The writes of unknown outcome of earlier tests are counted once more later.
    const timersBefore = clock.pending;
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
    expect(clock.pending).toBe(timersBefore);
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
function strikeOnly(id: string, strike: Respond): Respond {
  return (recorded, response) =>
    scriptIdOf(recorded) === id ? strike(recorded, response) : answerPlainly(recorded, response);
}

async function nameOf(gateway: TestGateway, id: string): Promise<string | undefined> {
  return (await gateway.execute(SCRIPT, { id })).data?.script?.name;
}

function codes({ errors = [] }: Pick<Result<unknown>, 'errors'>): string[] {
  return errors.map(({ extensions }) => extensions.code);
}
