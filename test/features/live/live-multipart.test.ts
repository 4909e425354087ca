import { describe, expect, it } from 'vitest';
import { jsonPost } from '../../support/clients/json-post.ts';
import { change, SESSIONS, snapshot, useLive } from '../../support/gateways/live-fixture.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const live = useLive({ liveLimits: { maxStreams: 1 } });

/** As Apollo Client has it. */
const APOLLO = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json';
const MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0';

async function post(
  query: string,
  { accept = APOLLO, headers = { token: 'k' } as Record<string, string> } = {},
) {
  const controller = new AbortController();
  const init = { ...jsonPost(query, { accept, ...headers }), signal: controller.signal };
  const response = await fetch(`${live.gateway.url}/graphql`, init);
  let text = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body as ReadableStream<Uint8Array>)
      text += decoder.decode(chunk, { stream: true });
  })();
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    /** The whole body. */
    async whole(): Promise<string> {
      await reading;
      return text;
    },
    /** The contents of the parts that have ended. */
    parts: () => partsOf(text),
    leave() {
      reading.catch(() => undefined);
      controller.abort();
    },
  };
}

/** Reads the parts as RFC 2046 has them: a part ends where the boundary follows. */
function partsOf(text: string): unknown[] {
  const [preamble, ...parts] = text.split('\r\n--graphql');
  expect(preamble).toBe('');
  const rest = parts.pop();
  expect(['', '--\r\n']).toContain(rest);
  return parts.map((part) => {
    const [head, body = ''] = part.split('\r\n\r\n');
    expect(head).toBe('\r\nContent-Type: application/json');
    return JSON.parse(body);
  });
}

describe("Apollo's multipart subscriptions", () => {
  it('tell each result as a part that is complete at once, with heartbeats in between', async () => {
    const api = live.useApi();
    api.connect('s', 'a');
    const stream = await post(SESSIONS);
    expect([stream.status, stream.contentType]).toEqual([200, MULTIPART]);
    const parts: unknown[] = [{}, { payload: snapshot('a') }];
    await eventually(() => expect(stream.parts()).toEqual(parts));
    await live.passUntilPing();
    parts.push({});
    await eventually(() => expect(stream.parts()).toEqual(parts));
    api.connect('s', 'b');
    await live.poll(6_750);
    parts.push({ payload: change(['b']) });
    await eventually(() => expect(stream.parts()).toEqual(parts));
    live.gateway.endStreams();
    expect(await stream.whole()).toMatch(/\r\n--graphql--\r\n$/);
    expect(stream.parts()).toEqual(parts);
  });

  it.each([
    ['multipart/mixed;subscriptionSpec=1.0, application/json'],
    ['multipart/mixed; boundary="graphql"; subscriptionSpec="1.0", application/json;q=0.9'],
    ['application/json, multipart/mixed;subscriptionspec=1.0'],
    ['multipart/mixed;subscriptionSpec=1.0, text/event-stream;q=0.5'],
  ])('are for who accepts %s', async (accept) => {
    live.useApi();
    const stream = await post(SESSIONS, { accept });
    expect([stream.status, stream.contentType]).toEqual([200, MULTIPART]);
    stream.leave();
  });

  it.each([
    ['multipart/mixed, application/json'],
    ['multipart/mixed;deferSpec=20220824, application/json'],
    ['multipart/mixed;subscriptionSpec=2.0, application/json'],
    ['multipart/mixed;subscriptionSpec=1.0;q=0, application/json'],
  ])('are not for who accepts %s', async (accept) => {
    const answer = await post(SESSIONS, { accept });
    expect([answer.status, answer.contentType]).toEqual([406, 'application/json; charset=utf-8']);
    expect(await answer.whole()).toContain('multipart/mixed;subscriptionSpec=1.0');
  });
});

describe('an error before a stream begins', () => {
  const codesIn = (text: string) => [...text.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);

  it('is answered in JSON', async () => {
    live.useApi().connect('s', 'a');
    const noKey = await post(SESSIONS, { headers: {} });
    const first = await post(SESSIONS);
    await eventually(() => expect(first.parts()).toHaveLength(2));
    const tooMany = await post(SESSIONS);
    const answers = [noKey, tooMany];
    expect(answers.map(({ contentType }) => contentType)).toEqual(
      answers.map(() => 'application/json; charset=utf-8'),
    );
    expect(await Promise.all(answers.map(async ({ whole }) => codesIn(await whole())))).toEqual([
      ['UNAUTHENTICATED'],
      ['TOO_MANY_STREAMS'],
    ]);
    first.leave();
  });

  it('is the only part for who accepts nothing else, as is the result of a query', async () => {
    const accept = 'multipart/mixed;subscriptionSpec=1.0';
    const query = await post('{ __typename }', { accept });
    await query.whole();
    expect([query.status, query.parts()]).toEqual([
      200,
      [{}, { payload: { data: { __typename: 'Query' } } }],
    ]);
    const wrong = await post('subscription { nothing }', { accept });
    await wrong.whole();
    expect([wrong.status, wrong.parts()]).toMatchObject([
      200,
      [{}, { payload: null, errors: [expect.toBeError('GRAPHQL_VALIDATION_FAILED')] }],
    ]);
  });
});
