import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPlaceOf } from '../../src/callers/client-place.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { openSocket } from '../support/clients/socket-client.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

/** Calls in a second that all such keys have together. */
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
    transport: { clock, random: () => 0, rate: 50, totalRate: 4 * TOTAL },
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
