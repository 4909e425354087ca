import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { wireUser } from '../../support/api/live-api.ts';
import { jsonPost } from '../../support/clients/json-post.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import { change, SESSIONS, snapshot, useLive } from '../../support/gateways/live-fixture.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const live = useLive();

const post = (query: string, accept: string, headers: Record<string, string> = { token: 'k' }) =>
  fetch(`${live.gateway.url}/graphql`, jsonPost(query, { accept, ...headers }));

/** A subscription over a bare connection, whose client reads when a test says so. */
async function subscribeRaw() {
  const raw = await openRaw(live.gateway.url);
  raw.socket.write(
    postText(JSON.stringify({ query: SESSIONS }), { accept: 'text/event-stream', token: 'sandbox-key' }),
  );
  await raw.until('event: next');
  return raw;
}

async function* textOf({ body }: Response): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  for await (const chunk of body as ReadableStream<Uint8Array>) yield decoder.decode(chunk, { stream: true });
  return undefined;
}

const countOf = (text: string, part: string) => text.split(part).length - 1;

describe('server-sent events', () => {
  it('follow the protocol, and no proxy may buffer them', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const response = await post(SESSIONS, 'text/event-stream');
    expect([response.status, Object.fromEntries(response.headers)]).toEqual([
      200,
      expect.objectContaining({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': expect.stringMatching(/./),
      }),
    ]);
    expect(response.headers.get('content-encoding')).toBeNull();
    const body = textOf(response);
    let text = '';
    while (!text.includes('event: next')) text += (await body.next()).value;
    live.gateway.endStreams();
    for await (const more of body) text += more;
    const data = `data: ${JSON.stringify(snapshot('a'))}`;
    expect(text).toBe(`:\n\nevent: next\n${data}\n\nevent: complete\ndata:\n\n`);
  });

  it('come when something changes, and are pinged in between', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const { socket, until, received } = await subscribeRaw();
    expect(countOf(received(), ':\n\n')).toBe(1);
    await live.passUntilPing();
    await eventually(() => expect(countOf(received(), ':\n\n')).toBe(2));
    await live.poll(4_250);
    await live.clock.advance(7_750);
    await eventually(() => expect(countOf(received(), ':\n\n')).toBe(3));
    api.connect('s', 'b');
    await live.poll(2_375);
    await until(JSON.stringify(change(['b'])));
    socket.destroy();
    await live.expectNoMorePolls();
  });

  it('tell a client that does not read one merged change, and are pinged again when it reads', async () => {
    const api = live.useApi();
    const large = (round: number) =>
      Array.from({ length: 90 }, (_, index) => wireUser(`${round}-${index}-${'x'.repeat(20_000)}`));
    api.users.set('s', []);
    const raw = await subscribeRaw();
    raw.socket.pause();
    const rounds = 20;
    for (let round = 1; round <= rounds; round++) {
      api.users.set('s', large(round));
      await live.poll();
    }
    const pings = countOf(raw.received(), ':\n\n');
    raw.socket.resume();
    await raw.until(`"${rounds}-0-`);
    // The system's buffers took the first events. The changes after them were merged into one.
    const events = countOf(raw.received(), 'event: next');
    expect(events).toBeLessThan(rounds - 5);
    expect(raw.received()).not.toContain(`"${rounds - 1}-0-`);
    await live.passUntilPing();
    await eventually(() => expect(countOf(raw.received(), ':\n\n')).toBeGreaterThan(pings));
    raw.socket.destroy();
    await live.expectNoMorePolls();
  });

  it('end when their client closes its side of the connection', async () => {
    live.useApi().connect('s', 'a');
    const { socket } = await subscribeRaw();
    socket.end();
    await live.expectNoMorePolls();
  });

  it('come to embedders as well, until they cancel the body', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const response = await live.gateway.fetch(
      'http://gateway/graphql',
      jsonPost(SESSIONS, { accept: 'text/event-stream', token: 'k' }),
    );
    const body = textOf(response);
    let text = '';
    while (!text.includes('event: next')) text += (await body.next()).value;
    await body.return(undefined);
    await live.expectNoMorePolls();
  });

  it('end for embedders with the signal of the request, though nobody cancels the body', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const leaving = new AbortController();
    const response = await live.gateway.fetch('http://gateway/graphql', {
      ...jsonPost(SESSIONS, { accept: 'text/event-stream', token: 'k' }),
      signal: leaving.signal,
    });
    const body = textOf(response);
    let text = '';
    while (!text.includes('event: next')) text += (await body.next()).value;
    leaving.abort();
    await live.expectNoMorePolls();
    await live.clock.advance(60_000);
    await expect(body.next()).rejects.toThrow();
  });
});

describe('which form an answer has', () => {
  const STREAM = 'text/event-stream; charset=utf-8';
  const URQL =
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

  it.each([
    ['text/event-stream', STREAM],
    ['text/event-stream; charset=UTF-8', STREAM],
    ['text/event-stream, application/json', 'application/json; charset=utf-8'],
    [URQL, 'application/graphql-response+json; charset=utf-8'],
    ['text/event-stream;q=0, application/json', 'application/json; charset=utf-8'],
  ])('a query of who accepts %s is answered in %s', async (accept, contentType) => {
    const response = await post('{ __typename }', accept);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, contentType]);
    const json = '{"data":{"__typename":"Query"}}';
    expect(await response.text()).toBe(
      contentType === STREAM ? `:\n\nevent: next\ndata: ${json}\n\nevent: complete\ndata:\n\n` : json,
    );
  });

  it.each([
    ['text/event-stream'],
    ['text/event-stream;charset=utf-8'],
    ['application/json;q=0.9, Text/Event-Stream;q=0.1'],
    ['text/event-stream, multipart/mixed;subscriptionSpec=1.0;q=0.5'],
    [URQL],
  ])('a subscription of who accepts %s is answered by server-sent events', async (accept) => {
    live.useApi();
    const response = await post(SESSIONS, accept);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, STREAM]);
    await response.body?.cancel();
  });

  it.each([
    ['*/*'],
    ['application/json, */*;q=0.1'],
    ['text/event-stream;q=0, */*'],
    ['text/*, application/json'],
  ])('a subscription of who accepts %s is refused: nothing in it asks for a stream', async (accept) => {
    const response = await post(SESSIONS, accept);
    expect(response.status).toBe(406);
    expect(await response.text()).toContain('Accept text/event-stream');
  });

  it('an error before the stream begins goes out as JSON for who accepts that', async () => {
    const response = await post(
      'subscription { nothing }',
      'application/graphql-response+json, text/event-stream',
    );
    expect([response.status, response.headers.get('content-type')]).toEqual([
      422,
      'application/graphql-response+json; charset=utf-8',
    ]);
    await response.text();
  });
});

describe('a stream in whose place something else has answered', () => {
  let hasBegun = false;
  const live = useLive({
    plugins: [
      {
        async onParams({ context }) {
          const { res } = context as unknown as { readonly res: ServerResponse };
          res.writeHead(504).end('late');
          await once(res, 'close');
        },
        onExecutionResult() {
          hasBegun = true;
        },
      },
    ],
  });

  it('ends at once', async () => {
    live.useApi().connect('s', 'a');
    const response = await fetch(
      `${live.gateway.url}/graphql`,
      jsonPost(SESSIONS, { accept: 'text/event-stream', token: 'k' }),
    );
    expect([response.status, await response.text()]).toEqual([504, 'late']);
    await eventually(() => expect(hasBegun).toBe(true));
    await live.expectNoMorePolls();
  });
});
