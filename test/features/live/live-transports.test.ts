import { describe, expect, it } from 'vitest';
import { refuse } from '../../support/api/live-api.ts';
import { subscribeBySse, type Told } from '../../support/clients/event-stream.ts';
import { jsonPost } from '../../support/clients/json-post.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { openClient } from '../../support/clients/socket-client.ts';
import type { TestGateway } from '../../support/gateways/gateway.ts';
import { change, SESSIONS, snapshot, useLive } from '../../support/gateways/live-fixture.ts';

type Variables = Readonly<Record<string, unknown>>;
type Headers = Record<string, string>;

/** A subscription as its client sees it. `next` gives undefined when it is complete. */
interface Subscribed {
  next(): Promise<Told<unknown> | undefined>;
  leave(): unknown;
}

async function byMultipart(
  { url }: TestGateway,
  variables: Variables,
  headers: Headers,
): Promise<Subscribed> {
  const controller = new AbortController();
  const accept = 'multipart/mixed;subscriptionSpec=1.0';
  const post = jsonPost({ query: SESSIONS, variables }, { accept, ...headers });
  const response = await fetch(`${url}/graphql`, { ...post, signal: controller.signal });
  const results = payloadsIn(response.body as ReadableStream<Uint8Array>);
  return { next: async () => (await results.next()).value, leave: () => controller.abort() };
}

/** The results in the parts of a body, without heartbeats. Errors are beside an empty payload. */
async function* payloadsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<Told<unknown>, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    const parts = `${text}${decoder.decode(chunk, { stream: true })}`.split('\r\n--graphql');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const [, json = '{}'] = part.split('\r\n\r\n');
      const { payload, errors } = JSON.parse(json);
      if (errors) yield { errors };
      else if (payload) yield payload;
    }
  }
  return undefined;
}

function byWebSocket(gateway: TestGateway, variables: Variables, headers: Headers): Subscribed {
  const client = openClient(gateway, headers);
  const results = client.iterate({ query: SESSIONS, variables });
  return {
    async next() {
      try {
        return (await results.next()).value ?? undefined;
      } catch (errors) {
        return { errors: errors as NonNullable<Told<unknown>['errors']> };
      }
    },
    leave: () => client.dispose(),
  };
}

/** The transports. What depends on their messages is in the file of each. */
describe.each<
  [string, (gateway: TestGateway, variables: Variables, headers: Headers) => Subscribed | Promise<Subscribed>]
>([
  [
    'server-sent events',
    (gateway, variables, headers) => subscribeBySse(gateway, SESSIONS, variables, headers),
  ],
  ["Apollo's multipart", byMultipart],
  ['a WebSocket', byWebSocket],
])('a subscription by %s', (_transport, subscribeBy) => {
  const keyRing = ringOf([
    { name: 'reader', scopes: ['scripts:read'] },
    { name: 'watcher', scopes: ['scripts:read', 'sessions:read'] },
  ]);
  const live = useLive({ liveLimits: { maxStreams: 4 }, credentials: { heldKey: 'held', keyRing } });
  const subscribe = async (variables: Variables = {}, headers: Headers = bearer('watcher')) =>
    subscribeBy(live.gateway, variables, headers);

  it('tells what changes until its client leaves, and is polled no more', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const events = await subscribe();
    expect(await events.next()).toEqual(snapshot('a'));
    api.connect('s', 'b');
    await live.poll();
    expect(await events.next()).toEqual(change(['b']));
    events.leave();
    await live.expectNoMorePolls();
  });

  it.each<[code: string, variables: Variables, headers: Headers]>([
    ['UNAUTHENTICATED', {}, {}],
    ['FORBIDDEN', {}, bearer('reader')],
    ['BAD_USER_INPUT', { id: '../x' }, bearer('watcher')],
    ['BAD_USER_INPUT', { filter: { robloxId: '' } }, bearer('watcher')],
    ['BAD_USER_INPUT', { filter: 1 }, bearer('watcher')],
  ])('that cannot begin gets %s and ends, without a REST call: %j', async (code, variables, headers) => {
    live.useApi();
    const events = await subscribe(variables, headers);
    expect(await events.next()).toMatchObject({ errors: [expect.toBeError(code)] });
    expect(await events.next()).toBeUndefined();
    expect(live.recorder.calls).toEqual([]);
    events.leave();
  });

  it('is refused above the limit of streams', async () => {
    live.useApi().connect('s', 'a');
    const streams = [await subscribe(), await subscribe()];
    for (const events of streams) expect(await events.next()).toEqual(snapshot('a'));
    const third = await subscribe();
    expect(await third.next()).toMatchObject({ errors: [expect.toBeError('TOO_MANY_STREAMS')] });
    for (const events of [...streams, third]) events.leave();
    await live.expectNoMorePolls();
  });

  it('ends with the error of a refused poll', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const events = await subscribe();
    await events.next();
    api.trouble = refuse;
    await live.poll();
    expect(await events.next()).toMatchObject({ errors: [expect.toBeError('FORBIDDEN')] });
    expect(await events.next()).toBeUndefined();
    events.leave();
  });

  it('is completed with the process, after what is known', async () => {
    live.useApi().connect('s', 'a');
    const events = await subscribe();
    expect(await events.next()).toEqual(snapshot('a'));
    live.gateway.endStreams();
    expect(await events.next()).toBeUndefined();
    await live.gateway.drain(20_000);
  });
});
