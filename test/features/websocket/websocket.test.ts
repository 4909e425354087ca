import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Live } from '../../../src/context.ts';
import * as features from '../../../src/features/gateway-features.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { wireUser } from '../../support/api/live-api.ts';
import { longExecutions, wireProject } from '../../support/api/plain-api.ts';
import { json } from '../../support/api/recorder.ts';
import { subscribeBySse } from '../../support/clients/event-stream.ts';
import { bearer, ringOf, sha256 } from '../../support/clients/keys.ts';
import { watchSockets } from '../../support/clients/one-byte-chunks.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import {
  openClient,
  openSocket,
  refusedUpgrade,
  resultsOf,
  socketUrl,
  upgradeText,
} from '../../support/clients/socket-client.ts';
import { settle } from '../../support/clocks/clock.ts';
import { useRecorder, useSandbox } from '../../support/gateways/fixture.ts';
import { openGateway } from '../../support/gateways/gateway.ts';
import { SESSIONS, type SessionsTold, snapshot, useLive } from '../../support/gateways/live-fixture.ts';
import { openLog } from '../../support/gateways/log-lines.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const PROTOCOL = 'graphql-transport-ws';
const KEY = { token: 'sandbox-key' };

describe('a subscription over a WebSocket', () => {
  const live = useLive({ liveLimits: { maxStreams: 4 } });

  it('waits for a client that does not read, with one merged change, and goes on', async () => {
    const api = live.useApi();
    api.users.set('s', []);
    const { socket, subscribe, next, messages } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', SESSIONS);
    await next();
    socket.pause();
    const rounds = 20;
    for (let round = 1; round <= rounds; round++) {
      const ids = Array.from({ length: 90 }, (_, index) => `${round}-${index}-${'x'.repeat(20_000)}`);
      api.users.set(
        's',
        ids.map((id) => wireUser(id)),
      );
      await live.poll();
    }
    socket.resume();
    const text = () => JSON.stringify(messages);
    await eventually(() => expect(text()).toContain(`"${rounds}-0-`));
    expect(messages.length).toBeLessThan(rounds - 5);
    expect(text()).not.toContain(`"${rounds - 1}-0-`);
    socket.terminate();
    await live.expectNoMorePolls();
  });

  it('is completed when the process leaves, whose connections close then', async () => {
    live.useApi().connect('s', 'a');
    const { subscribe, next, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', SESSIONS);
    await next();
    live.gateway.endStreams();
    const refused = await refusedUpgrade(socketUrl(live.gateway), PROTOCOL);
    expect([refused.status, refused.body]).toEqual([503, expect.stringContaining('SHUTTING_DOWN')]);
    expect(await next()).toEqual({ id: '1', type: 'complete' });
    expect(await closed).toEqual({ code: 1001, reason: 'Going away' });
    await live.gateway.drain(20_000);
  });
});

describe('a result that cannot be written', () => {
  let hasEnded = false;
  async function* subscribeTo(event: object) {
    try {
      for (;;) yield event;
    } finally {
      hasEnded = true;
    }
  }
  // JSON has no such time.
  const live = { subscribe: () => subscribeTo({ type: 'SessionsDelay', asOf: { toISOString: () => 1n } }) };
  const createLive = () => ({ ...live, endAll() {} }) as unknown as Live;
  const fixture = useRecorder({ features: { ...features, live: { createLive } } });

  it('ends its stream with an error, and the source of its events', async () => {
    const { socket, subscribe, next } = await openSocket(fixture.gateway, { connectionParams: KEY });
    subscribe('1', 'subscription { scriptSessions(scriptId: "s") { ... on LiveEvent { asOf } } }');
    expect(await next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [expect.toBeError('INTERNAL_SERVER_ERROR')],
    });
    expect(hasEnded).toBe(true);
    expect(fixture.gateway.logged.splice(0)).toMatchObject([{ name: 'TypeError' }]);
    socket.close();
  });
});

describe('the end of the process', () => {
  const { log, lines } = openLog();
  const live = useLive({ observers: log.operations ? [log.operations] : [] });

  it('lets operations finish before a connection closes, and takes no further one', async () => {
    let answer = (): void => undefined;
    live.respond = (_recorded, response) => {
      answer = () => json(response, { success: true, rate_limit: {} });
    };
    const { subscribe, next, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', '{ script(id: "s") { name } }');
    await eventually(() => expect(live.recorder.calls).toHaveLength(1));
    live.gateway.endStreams();
    subscribe('2', '{ __typename }');
    expect(await next()).toMatchObject({
      id: '2',
      type: 'error',
      payload: [expect.toBeError('SHUTTING_DOWN', { outcome: 'NOT_EXECUTED' })],
    });
    answer();
    expect(await next()).toMatchObject({ id: '1', type: 'next' });
    expect(await next()).toMatchObject({ id: '1', type: 'complete' });
    expect(await closed).toMatchObject({ code: 1001 });
  });

  it('cuts what has not ended within the grace time, and says so of a write', async () => {
    let answer = (): void => undefined;
    live.respond = (_recorded, response) => {
      answer = () => json(response, { success: true });
    };
    const { subscribe, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', 'mutation { disconnectSession(input: { id: "a" }) { __typename } }');
    await eventually(() => expect(live.recorder.calls).toHaveLength(1));
    live.gateway.endStreams();
    await live.gateway.drain(0);
    const cut = lines.map((line) => JSON.parse(line));
    expect(await closed).toMatchObject({ code: 1006 });
    expect(cut).toContainEqual(
      expect.objectContaining({
        msg: 'mutation',
        ids: ['a'],
        outcome: 'UNKNOWN',
        errorCode: 'SHUTTING_DOWN',
      }),
    );
    answer();
  });
});

describe('every operation of a connection goes the way of a request', () => {
  const { log, lines } = openLog();
  const fixture = useSandbox({ gateway: { observers: log.operations ? [log.operations] : [] } });
  const SENTINEL = 'sentinel-key-of-somebody-61bf';
  const READ = 'query Read($id: ID!) { script(id: $id) { name } }';

  it('with a line in the log, an audit line for a write, and no key in either', async () => {
    const client = openClient(fixture.gateway, {
      headers: { Authorization: 'Bearer sandbox-key', 'apollographql-client-name': 'dash' },
    });
    const { scriptId: id } = seeded;
    expect(await resultsOf(client, { query: READ, variables: { id } })).toMatchObject([
      { data: { script: { name: expect.any(String) } } },
    ]);
    const TOGGLE =
      'mutation Toggle($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } }';
    const written = await resultsOf(client, { query: TOGGLE, variables: { id } });
    expect(written).toMatchObject([{ data: { toggleScript: { __typename: expect.any(String) } } }]);
    const stranger = openClient(fixture.gateway, { token: SENTINEL });
    expect(await resultsOf(stranger, { query: READ, variables: { id: SENTINEL } })).toMatchObject([
      { errors: [expect.toBeError(expect.any(String))] },
    ]);
    await eventually(() => expect(lines.filter((line) => line.includes('"operation"'))).toHaveLength(3));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'operation', operationName: 'Read', operationType: 'query', clientName: 'dash', status: 200 },
      { msg: 'mutation', operationName: 'Toggle', mutation: 'toggleScript', ids: [id] },
      { msg: 'operation', operationName: 'Toggle', operationType: 'mutation', status: 200 },
      { msg: 'operation', operationName: 'Read', errorCodes: [expect.any(String)] },
    ]);
    expect(lines.join()).not.toContain(SENTINEL);
    await Promise.all([client.dispose(), stranger.dispose()]);
  });

  it('by the id of a registered document as well, with exact integers and x-upstream', async () => {
    // Only what a key sends that LuaAuth has accepted is registered.
    await fixture.gateway.execute(READ, { id: seeded.scriptId });
    const sha256Hash = sha256('{__typename}');
    const { subscribe, send, next, socket } = await openSocket(fixture.gateway, {
      connectionParams: { ...KEY, 'x-upstream': 'report' },
    });
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    send({ type: 'subscribe', id: '1', payload: { query: '', extensions } });
    expect(await next()).toMatchObject({
      type: 'error',
      payload: [expect.toBeError('PERSISTED_QUERY_NOT_FOUND')],
    });
    send({ type: 'subscribe', id: '1', payload: { query: '{__typename}', extensions } });
    expect(await next()).toMatchObject({ type: 'next', payload: { data: { __typename: 'Query' } } });
    expect(await next()).toEqual({ id: '1', type: 'complete' });
    send({ type: 'subscribe', id: '1', payload: { extensions } });
    expect(await next()).toMatchObject({
      type: 'next',
      payload: { data: { __typename: 'Query' }, extensions: { upstream: { calls: 0 } } },
    });
    await next();
    send(
      '{"type":"subscribe","id":"1","payload":{"query":"query ($id: ID!) { script(id: $id) { name } }","variables":{"id":9007199254740993}}}',
    );
    expect(await next()).toMatchObject({
      type: 'error',
      payload: [expect.toBeError('BAD_USER_INPUT')],
    });
    subscribe('1', '', {});
    expect(await next()).toMatchObject({ type: 'error' });
    socket.close();
  });
});

describe('a gateway key', () => {
  const keyRing = ringOf([
    { name: 'reader', scopes: ['scripts:read'] },
    { name: 'watcher', scopes: ['scripts:read', 'sessions:read'] },
  ]);
  const live = useLive({ credentials: { heldKey: 'held', keyRing } });

  it.each([
    ['in connectionParams', undefined, bearer('watcher')],
    ['in headers of connectionParams', undefined, { headers: bearer('watcher') }],
    ['in the headers of the upgrade', bearer('watcher'), {}],
  ])('counts %s', async (_where, headers, connectionParams) => {
    live.useApi().connect('s', 'a');
    const { socket, subscribe, next } = await openSocket(live.gateway, { headers, connectionParams });
    subscribe('1', SESSIONS);
    expect(await next()).toMatchObject({ type: 'next', payload: snapshot('a') });
    socket.terminate();
  });
});

describe('a WebSocket is refused', () => {
  const PAGE = 'https://app.example.com';
  const fixture = useSandbox({ gateway: { corsOrigins: [PAGE] }, shared: true });
  const url = () => socketUrl(fixture.gateway);

  it('for another subprotocol, or at another path', async () => {
    for (const protocols of ['graphql-ws', 'mqtt']) {
      const { status, body } = await refusedUpgrade(url(), protocols);
      expect([status, body]).toEqual([400, expect.stringContaining(PROTOCOL)]);
    }
    expect(await refusedUpgrade(url(), [])).toMatchObject({ status: 400 });
    for (const path of ['/', '/health', '/graphql/some-id'])
      expect(await refusedUpgrade(url().replace('/graphql', path), PROTOCOL)).toMatchObject({ status: 404 });
  });

  it('for a page of an origin that CORS would not allow', async () => {
    for (const origin of ['https://evil.example', 'null', `${PAGE}.evil.example`]) {
      const { status, body } = await refusedUpgrade(url(), PROTOCOL, { origin });
      expect([origin, status, body]).toEqual([origin, 403, expect.stringContaining('ORIGIN_NOT_ALLOWED')]);
    }
    for (const origin of [PAGE, fixture.gateway.url]) {
      const { socket } = await openSocket(fixture.gateway, { headers: { origin } });
      socket.close();
    }
  });

  it.each([
    ['a version', 'sec-websocket-version: 13', 'sec-websocket-version: 99'],
    ['a key', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-key: short'],
    ['a method', 'GET /graphql', 'POST /graphql'],
  ])('for %s that WebSockets do not have', async (_what, good, bad) => {
    const raw = await openRaw(fixture.gateway.url);
    raw.socket.write(upgradeText('/graphql').replace(good, bad));
    const received = await raw.closed;
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
    expect(received).toMatch(/^x-content-type-options: nosniff\r$/im);
    expect(received).toMatch(/^x-request-id: \S+\r$/im);
    expect(received).toContain('"code":"BAD_REQUEST"');
  });

  it('but a request that only offers another protocol is answered as if it had not', async () => {
    const raw = await openRaw(fixture.gateway.url);
    raw.socket.write(
      postText('{"query":"{ __typename }"}', {
        connection: 'Upgrade, HTTP2-Settings, close',
        upgrade: 'h2c',
        'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      }),
    );
    const received = await raw.closed;
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received).toContain('{"data":{"__typename":"Query"}}');
  });

  it('and so is each on one connection, which is closed when there are many', async () => {
    const raw = await openRaw(fixture.gateway.url);
    const offer = postText('{"query":"{ __typename }"}', { connection: 'Upgrade', upgrade: 'h2c' });
    raw.socket.write(offer.repeat(100));
    const received = await raw.closed;
    const isLastByItsBody = Number.parseInt(process.versions.node, 10) >= 26;
    expect(received.match(/HTTP\/1\.1 200 /g)).toHaveLength(isLastByItsBody ? 1 : 5);
    expect(received.match(/connection: close/gi)).toHaveLength(1);
  });

  it.each([
    ['that is granted', '/graphql', '101 Switching Protocols'],
    ['that is refused', '/elsewhere', '404 Not Found'],
  ])('one %s waits for the answers to the requests before it', async (_which, path, status) => {
    const raw = await openRaw(fixture.gateway.url);
    const script = '{"query":"{ script(id: \\"9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk\\") { name } }"}';
    raw.socket.write(postText(script, { token: 'sandbox-key' }).repeat(2) + upgradeText(path));
    const received = await raw.until(`HTTP/1.1 ${status}`);
    expect(received.match(/HTTP\/1\.1 \d+|"name":"Nightfall Hub"/g)).toEqual([
      'HTTP/1.1 200',
      '"name":"Nightfall Hub"',
      'HTTP/1.1 200',
      '"name":"Nightfall Hub"',
      `HTTP/1.1 ${status.slice(0, 3)}`,
    ]);
    raw.socket.destroy();
  });
});

it('two host headers are refused, also for a WebSocket', async () => {
  const gateway = await openGateway({ upstream: 'http://127.0.0.1:9' });
  try {
    const raw = await openRaw(gateway.url);
    raw.socket.write(
      upgradeText('/graphql').replace('host: localhost', 'host: localhost\r\nhost: localhost'),
    );
    expect(await raw.closed).toMatch(/^HTTP\/1\.1 400 .*Send one/s);
  } finally {
    await gateway.close();
  }
});

describe('a gateway that lends its key', () => {
  const fixture = useSandbox({ gateway: { credentials: { heldKey: 'sandbox-key' } }, shared: true });

  it('takes no WebSocket under another host name', async () => {
    const { status, body } = await refusedUpgrade(socketUrl(fixture.gateway), PROTOCOL, {
      host: 'evil.example',
    });
    expect([status, body]).toEqual([403, expect.stringContaining('HOST_NOT_ALLOWED')]);
  });
});

describe('a client that does not keep to the protocol', () => {
  const live = useLive({ maxBodyBytes: 1_000_000, maxBodiesBytes: 2_000_000 });
  const opened = (connectionParams: unknown = KEY) => openSocket(live.gateway, { connectionParams });

  it.each([
    ['no JSON', 'x', 4400],
    ['no message', [], 4400],
    ['a message of a server', { type: 'next', id: '1', payload: {} }, 4400],
    ['a subscription without an id', { type: 'subscribe', payload: { query: '{ __typename }' } }, 4400],
    ['a second beginning', { type: 'connection_init' }, 4429],
    ['more than a message may be', 'x'.repeat(1_000_001), 1009],
    [
      'more to begin with than headers may be',
      { type: 'connection_init', payload: { x: 'x'.repeat(65_536) } },
      4400,
    ],
    ['many values', `[${'0,'.repeat(200_000)}0]`, 4400],
  ])('is closed for %s', async (what, message, code) => {
    const begins = what === 'more to begin with than headers may be';
    const { send, closed } = await (begins ? openSocket(live.gateway) : opened());
    send(message);
    expect(await closed).toMatchObject({ code });
  });

  it('is closed if it does not begin, or subscribes before, or twice with an id', async () => {
    const early = await openSocket(live.gateway);
    early.subscribe('1', '{ __typename }');
    expect(await early.closed).toMatchObject({ code: 4401 });
    live.respond = () => undefined;
    const twice = await opened();
    for (const id of ['1', '1']) twice.subscribe(id, '{ script(id: "s") { name } }');
    expect(await twice.closed).toMatchObject({ code: 4409 });
    const silent = await openSocket(live.gateway);
    await live.clock.advance(3_000);
    expect(await silent.closed).toMatchObject({ code: 4408 });
  });

  it('is told what is wrong with an operation, and may go on', async () => {
    const { send, next, socket } = await opened();
    for (const payload of [null, [], { query: 1 }, { query: '{ __typename }', variables: [] }, {}]) {
      send({ type: 'subscribe', id: '1', payload });
      expect(await next()).toMatchObject({
        type: 'error',
        id: '1',
        payload: [expect.toBeError('BAD_REQUEST')],
      });
    }
    send({ type: 'subscribe', id: '1' });
    const message = 'The payload is missing. Send a JSON object such as {"query": "{ __typename }"}.';
    expect(await next()).toMatchObject({ type: 'error', payload: [{ message }] });
    send({ type: 'subscribe', id: '1', payload: { query: '{ __typename }', onError: 'NULL' } });
    expect(await next()).toMatchObject({ type: 'next' });
    socket.close();
  });

  it('has at most twenty operations at a time', async () => {
    const answers: (() => void)[] = [];
    live.respond = (_recorded, response) => {
      answers.push(() => json(response, { success: true, script: { id: 's', name: 'n' } }));
    };
    const { subscribe, messages, socket } = await opened();
    for (let index = 0; index < 21; index++) subscribe(String(index), `{ script(id: "s${index}") { name } }`);
    await eventually(() => expect(messages).toHaveLength(2));
    expect(messages[1]).toMatchObject({
      id: '20',
      type: 'error',
      payload: [expect.toBeError('TOO_MANY_OPERATIONS', { limit: 20 })],
    });
    await eventually(() => expect(answers).toHaveLength(20));
    for (const answer of answers.splice(0)) answer();
    await eventually(() => expect(messages).toHaveLength(2 + 40));
    subscribe('21', '{ __typename }');
    await eventually(() => expect(messages).toHaveLength(2 + 40 + 2));
    socket.close();
  });

  it.each([
    ['of a message', () => undefined],
    ['of a message that pongs come between', (socket: WebSocket) => socket.pong('x'.repeat(100))],
  ])('is closed with what has arrived %s when all take too much', async (_what, between) => {
    const [one, other] = [await opened({}), await opened({})];
    for (const { socket } of [one, other]) {
      for (let part = 0; part < 9; part++) {
        socket.send('x'.repeat(100_000), { fin: false });
        between(socket);
      }
    }
    const { code } = await Promise.race([one.closed, other.closed]);
    // The reason may be lost with the connection.
    expect([1013, 1006]).toContain(code);
    const { subscribe, next, socket } = await opened();
    subscribe('1', '{ __typename }');
    expect(await next()).toMatchObject({ type: 'next' });
    for (const each of [one.socket, other.socket, socket]) each.terminate();
  });

  it.each<[what: string, sendOne: (socket: WebSocket) => void]>([
    ['messages', (socket) => socket.send('{"type":"ping"}')],
    ['pongs that nobody asked for', (socket) => socket.pong()],
  ])('keeps nobody else waiting by a flood of %s', async (_what, sendOne) => {
    const { socket, subscribe, messages } = await opened();
    const results = () => messages.filter(({ type }) => type === 'next');
    for (let index = 0; index < 5_000; index++) sendOne(socket);
    subscribe('last', '{ __typename }');
    const { status } = await live.gateway.execute('{ __typename }');
    expect([status, results()]).toEqual([200, []]);
    await eventually(() => expect(results()).toHaveLength(1));
    socket.terminate();
  });
});

describe('a message that does not end', () => {
  const live = useLive();
  const sockets = watchSockets();

  it('closes its connection above a thousand frames', async () => {
    const { socket, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    for (let part = 0; part <= 1024; part++) socket.send('x', { fin: false });
    // The reason may be lost with the connection.
    expect(await closed).toMatchObject({ code: expect.toBeOneOf([1008, 1006]) });
  });

  it('closes its connection above four thousand chunks of a frame', async () => {
    const raw = await openRaw(live.gateway.url);
    raw.socket.write(upgradeText('/graphql'));
    await raw.until('101 Switching Protocols');
    const { bytesRead: before = 0 } = sockets.accepted.at(-1) ?? {};
    // The head of a frame of 100,000 bytes.
    const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0]);
    raw.socket.write(head);
    let sent = head.length;
    while (sent < 5_000 && !raw.socket.closed) {
      raw.socket.write('x');
      sent += 1;
      // A byte that the server has not read yet would share its chunk with the next one.
      while ((sockets.accepted.at(-1)?.bytesRead ?? 0) < before + sent && !raw.socket.closed)
        await setImmediate();
    }
    await raw.closed;
    expect(sent).toBeLessThan(4_200);
  });

  it('closes its connection after a minute, whatever comes between its frames', async () => {
    const { socket, send, closed, next } = await openSocket(live.gateway, { connectionParams: KEY });
    const roundTrip = () => {
      socket.ping();
      return once(socket, 'pong');
    };
    send({ type: 'ping' });
    await next();
    socket.send('{"type":', { fin: false });
    for (let waited = 0; waited < 60_000; waited += 12_000) {
      await roundTrip();
      expect(socket.readyState).toBe(socket.OPEN);
      await live.clock.advance(12_000);
    }
    // The reason may be lost with the connection.
    expect(await closed).toMatchObject({ code: expect.toBeOneOf([1013, 1006]) });
  });
});

describe('where all bodies together may be no larger than what a connection sends in pings', () => {
  const live = useLive({ maxBodiesBytes: 10_000 });

  it('none of them is kept', async () => {
    const { socket, subscribe, next, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    for (let index = 0; index < 95; index++) {
      socket.ping('x'.repeat(125));
      await Promise.race([closed, once(socket, 'pong')]);
    }
    subscribe('1', '{ __typename }');
    expect(await Promise.race([closed, next()])).toMatchObject({ type: 'next' });
    socket.terminate();
  });
});

describe('where all bodies together may be no larger than what three connections begin with', () => {
  const live = useLive({ maxBodiesBytes: 64_000 });
  const much = 'x'.repeat(13_000);

  it('the last gives way, by what it keeps of its head', async () => {
    const options = { headers: { much }, connectionParams: {} };
    const others = [await openSocket(live.gateway, options), await openSocket(live.gateway, options)];
    const last = await openRaw(live.gateway.url);
    last.socket.write(upgradeText('/graphql').replace('\r\n\r\n', `\r\nmuch: ${much}\r\n\r\n`));
    await last.closed;
    for (const { socket } of others) socket.close();
  });

  it('the last gives way, by what it keeps of its first message', async () => {
    const connectionParams = { much };
    const others = [
      await openSocket(live.gateway, { connectionParams }),
      await openSocket(live.gateway, { connectionParams }),
    ];
    const last = await openSocket(live.gateway);
    last.send({ type: 'connection_init', payload: connectionParams });
    // The reason may be lost with the connection.
    expect(await Promise.race([last.closed, last.next()])).toMatchObject({
      code: expect.toBeOneOf([1013, 1006]),
    });
    for (const { socket } of others) socket.close();
  });
});

describe('an event that is larger than an answer may be', () => {
  const live = useLive({ limits: { answerBytes: 2_000 } });
  const many = Array.from({ length: 90 }, (_, index) => `${index}-${'x'.repeat(30)}`);

  it('is the last message of its operation, whose id is free again', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const { socket, subscribe, next } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', SESSIONS);
    expect(await next()).toMatchObject({ type: 'next', payload: snapshot('a') });
    api.connect('s', ...many);
    await live.poll();
    expect(await next()).toMatchObject({
      id: '1',
      type: 'error',
      payload: [expect.toBeError('ANSWER_TOO_LARGE')],
    });
    const polls = live.polls();
    await live.clock.advance(2_000);
    await settle();
    expect(live.polls()).toBe(polls);
    subscribe('1', '{ __typename }');
    expect(await next()).toMatchObject({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } });
    socket.close();
  });

  it('is the last event by server-sent events', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const events = await subscribeBySse<SessionsTold>(live.gateway, SESSIONS);
    expect(await events.next()).toEqual(snapshot('a'));
    api.connect('s', ...many);
    await live.poll();
    expect(await events.rest()).toEqual([{ errors: [expect.toBeError('ANSWER_TOO_LARGE')] }]);
    await live.expectNoMorePolls();
  });
});

describe('a client that reads nothing', () => {
  const live = useLive({ server: { writeTimeoutMs: 300 } });

  it('is given up', async () => {
    const api = live.useApi();
    api.users.set('s', []);
    const { socket, subscribe, next, closed } = await openSocket(live.gateway, { connectionParams: KEY });
    subscribe('1', SESSIONS);
    await next();
    socket.pause();
    for (let round = 1; round <= 20; round++) {
      api.users.set(
        's',
        Array.from({ length: 90 }, (_, index) => wireUser(`${round}-${index}-${'x'.repeat(20_000)}`)),
      );
      await live.clock.advance(2_000);
      await settle();
    }
    await live.expectNoMorePolls();
    socket.resume();
    expect(await closed).toMatchObject({ code: 1006 });
  });
});

describe('pings', () => {
  const live = useLive();

  it('are answered behind a large result that its client is slow to read', async () => {
    const answer = { success: true, ...longExecutions(7_500_000) };
    let isSent = false;
    live.respond = ({ line }, response) => {
      if (!line.endsWith('/executions')) return json(response, { success: true, project: wireProject('p') });
      json(response, answer);
      response.once('finish', () => {
        isSent = true;
      });
    };
    const { socket, send, subscribe, next } = await openSocket(live.gateway, { connectionParams: KEY });
    socket.pause();
    // More than the system takes on its way.
    for (const id of ['1', '2', '3'])
      subscribe(id, '{ project(id: "p") { a: executions { date } b: executions { date } } }');
    await eventually(() => expect(isSent).toBe(true));
    for (let turn = 0; turn < 3; turn++) {
      send({ type: 'ping' });
      await settle();
    }
    socket.resume();
    const told = [];
    while (told.length < 3 * 3) told.push((await next()).type);
    expect(told.sort()).toEqual(['complete', 'next', 'pong'].flatMap((type) => [type, type, type]));
    socket.close();
  });

  it('are answered, and end a connection that answers none', async () => {
    const { send, next, socket } = await openSocket(live.gateway, { connectionParams: KEY });
    send({ type: 'ping', payload: { any: 'thing' } });
    expect(await next()).toEqual({ type: 'pong' });
    let pings = 0;
    socket.on('ping', () => {
      pings += 1;
    });
    await live.clock.advance(12_000);
    await eventually(() => expect(pings).toBe(1));
    const dead = new WebSocket(socketUrl(live.gateway), PROTOCOL, { autoPong: false });
    const closed = new Promise((resolve) => dead.on('close', resolve));
    await new Promise((resolve) => dead.on('open', resolve));
    dead.send('{"type":"connection_init"}');
    await new Promise((resolve) => dead.once('message', resolve));
    const pinged = new Promise((resolve) => dead.once('ping', resolve));
    await live.clock.advance(12_000);
    await pinged;
    await eventually(() => expect(pings).toBe(2));
    send({ type: 'ping' });
    await next();
    await live.clock.advance(12_000);
    expect(await closed).toBe(1006);
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close();
  });
});
