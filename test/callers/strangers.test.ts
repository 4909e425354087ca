import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from 'graphql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlaceOf } from '../../src/callers/client-place.ts';
import { openAcceptedKeysFile } from '../../src/server/accepted-keys-file.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { openSocket } from '../support/clients/socket-client.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useOpened, useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const TOTAL = 10;
const WINDOW_MS = 1_100;
const clock = createManualClock();
const idsOf = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);
const from = (address: string, token: string) => ({ token, 'x-forwarded-for': `10.0.0.1, ${address}` });
const ATTACKER = '203.0.113.1';
const NEWCOMER = '203.0.113.2';

const refuse: Respond = (_recorded, response) =>
  json(response, { success: false, error: { code: -1, message: 'unauthorized or invalid request' } }, 403);
const refuseAllBut =
  (good: string): Respond =>
  (recorded, response) =>
    (recorded.headers.token === good ? answerPlainly : refuse)(recorded, response);

describe('clients with keys that LuaAuth has not accepted yet', () => {
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: 50, totalRate: TOTAL },
    trustedProxy: 'x-forwarded-for',
    timeouts: { read: 1_000_000, write: 1_000_000 },
    operationTimeoutMs: 1_000_000,
  });
  const queuedOf = async (token: string) =>
    (await fixture.gateway.execute('{ rateLimit { queued } }', {}, { token })).data;

  it('take turns by address, however many keys a client makes up', async () => {
    fixture.respond = refuseAllBut('good');
    const client = new AbortController();
    const madeUp = idsOf(40, 'made-up-').map((token) =>
      fixture.gateway
        .execute(SCRIPTS, { ids: idsOf(5, token) }, from(ATTACKER, token), client.signal)
        .catch(() => undefined),
    );
    await expectCalls(fixture.recorder, TOTAL);
    await eventually(async () => expect(await queuedOf('made-up-39')).toEqual({ rateLimit: { queued: 5 } }));
    const read = fixture.gateway.execute(SCRIPT, { id: 'a' }, from(NEWCOMER, 'good'));
    await eventually(async () => expect(await queuedOf('good')).toEqual({ rateLimit: { queued: 1 } }));
    await clock.advance(WINDOW_MS);
    expect((await read).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 2 * TOTAL);
    client.abort();
    await Promise.all(madeUp);
  });

  it('take turns by the address that the proxy names, whatever a WebSocket client says', async () => {
    fixture.respond = refuseAllBut('good');
    const headers = { 'x-forwarded-for': `10.0.0.1, ${ATTACKER}` };
    const sockets = await Promise.all(
      idsOf(40, 'made-up-').map((token, index) =>
        openSocket(fixture.gateway, {
          headers,
          connectionParams: { token, 'x-forwarded-for': `198.51.100.${index}` },
        }),
      ),
    );
    for (const [index, { subscribe }] of sockets.entries())
      subscribe('1', print(SCRIPTS), { ids: idsOf(5, `s${index}-`) });
    await expectCalls(fixture.recorder, TOTAL);
    await eventually(async () => expect(await queuedOf('made-up-39')).toEqual({ rateLimit: { queued: 5 } }));
    const read = fixture.gateway.execute(SCRIPT, { id: 'a' }, from(NEWCOMER, 'good'));
    await eventually(async () => expect(await queuedOf('good')).toEqual({ rateLimit: { queued: 1 } }));
    await clock.advance(WINDOW_MS);
    expect((await read).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 2 * TOTAL);
    for (const { socket } of sockets) socket.terminate();
  });

  it('are let in from another address when 400 calls wait: the last in turn is refused instead', async () => {
    fixture.respond = refuseAllBut('good');
    const codes: unknown[] = [];
    const client = new AbortController();
    const madeUp = idsOf(90, 'made-up-').map(async (token) => {
      const headers = from(ATTACKER, token);
      const answer = await fixture.gateway
        .execute(SCRIPTS, { ids: idsOf(5, token) }, headers, client.signal)
        .catch(() => undefined);
      codes.push(answer?.errors?.[0]?.extensions.code);
    });
    await eventually(() => expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(5));
    const read = fixture.gateway.execute(SCRIPT, { id: 'a' }, from(NEWCOMER, 'good'));
    await eventually(async () => expect(await queuedOf('good')).toEqual({ rateLimit: { queued: 1 } }));
    await clock.advance(WINDOW_MS);
    expect((await read).errors).toBeUndefined();
    client.abort();
    await Promise.all(madeUp);
  });
});

describe('the place of a client', () => {
  const requestOf = (address: string, header?: string) => ({
    address,
    socket: undefined,
    header: (name: string) => (name === 'x-forwarded-for' ? (header ?? null) : null),
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['127.0.0.1', '127.0.0.1 undefined'],
  ])('%s is %s', (address, place) => {
    expect(createPlaceOf()(requestOf(address))).toBe(place);
    if (!address.includes('%')) expect(createPlaceOf('x-forwarded-for')(requestOf(address, ''))).toBe(place);
  });

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['198.51.100.1, not an address', '192.0.2.7'],
    ['', '192.0.2.7'],
  ])('is the last address of the header %j', (header, place) => {
    for (const name of ['x-forwarded-for', 'X-Forwarded-For'])
      expect(createPlaceOf(name)(requestOf('192.0.2.7', header))).toBe(place);
    expect(createPlaceOf()(requestOf('192.0.2.7', header))).toBe('192.0.2.7');
  });
});

describe('keys that LuaAuth accepted before a restart', () => {
  const opened = useOpened();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-accepted-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are no strangers after it, by a file that holds neither keys nor their hashes', async () => {
    const path = join(directory, 'accepted');
    let respond: Respond = answerPlainly;
    const recorder = await opened.record((recorded, response) => respond(recorded, response));
    const open = async () => {
      const accepted = openAcceptedKeysFile(path, expect.unreachable);
      const transport = { rate: 0, totalRate: 10_000, accepted };
      return (await opened.open({ upstream: recorder.url, transport })).gateway;
    };
    const before = await open();
    expect((await before.execute(SCRIPT, { id: 'a' }, { token: 'good' })).errors).toBeUndefined();
    await eventually(() => expect(readFileSync(path, 'utf8')).toMatch(/^[\w-]{43}\n$/));
    await before.close();

    const after = await open();
    const reads = idsOf(3, 's').map((id) => after.execute(SCRIPT, { id }, { token: 'good' }));
    await Promise.all(reads);
    respond = refuse;
    const { data } = await after.execute('{ rateLimit { limit } }', {}, { token: 'good' });
    expect(data).toEqual({ rateLimit: { limit: null } });
    const other = await after.execute('{ rateLimit { limit } }', {}, { token: 'other' });
    expect(other.data).toEqual({ rateLimit: { limit: 5 } });
  });

  it('are all read from a file that is not too long', async () => {
    const path = join(directory, 'accepted');
    openAcceptedKeysFile(path, expect.unreachable).add('first');
    await eventually(() => expect(readFileSync(path, 'utf8')).not.toBe(''));
    const others = Array.from({ length: 6_000 }, (_one, index) => `${String(index).padStart(43, '0')}\n`);
    appendFileSync(path, others.join(''));
    expect(openAcceptedKeysFile(path, expect.unreachable).has('first')).toBe(true);
  });

  it('are read from a long file, which is written anew with the latest ones', () => {
    const path = join(directory, 'accepted');
    const lineOf = (index: number) => String(index).padStart(43, '0');
    writeFileSync(path, Array.from({ length: 12_000 }, (_one, index) => `${lineOf(index)}\n`).join(''));
    openAcceptedKeysFile(path, expect.unreachable);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(5_000);
    expect(lines.at(-1)).toBe(lineOf(11_999));
  });

  it.each([
    ['a folder', '', /is a folder, a pipe or a device, not a regular file\. Give the path of a file\.$/],
    [
      'no folder',
      'missing/accepted',
      /cannot be read and written \(ENOENT\)\. Give the path of a file that can\.$/,
    ],
  ])('cannot be remembered in %s: the start says so', (_title, name, problem) => {
    expect(() => openAcceptedKeysFile(join(directory, name), expect.unreachable)).toThrow(problem);
  });

  it('cannot be remembered in a device', () => {
    expect(() => openAcceptedKeysFile('/dev/zero', expect.unreachable)).toThrow('not a regular file');
  });
});
