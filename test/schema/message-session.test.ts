import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { MESSAGE } from '../support/clients/mutations.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import { arrival, expectCalls } from '../support/vitest/waiting.ts';

const { sessionId } = seeded;

describe('messageSession', () => {
  const fixture = useSandbox({ sandbox: { messageDelayMs: 0, messageTimeoutMs: 5 } });
  const message = (handler: string, data?: unknown, id: string = sessionId) =>
    fixture.gateway.execute(MESSAGE, { input: { id, handler, data } });

  it.each<[handler: string, data: unknown, response: unknown]>([
    ['ping', undefined, { pong: true }],
    ['echo', { deep: [1, 'zwei', null, { x: false }] }, { data: { deep: [1, 'zwei', null, { x: false }] } }],
    ['echo', undefined, { data: [] }],
    ['echo', null, { data: null }],
    ['nothing', 5, null],
  ])('gives what the function %s returns for %j', async (handler, data, response) => {
    const { data: answer, errors } = await message(handler, data);
    expect(errors).toBeUndefined();
    expect(answer?.messageSession).toEqual({ __typename: 'MessageDelivered', response });
    expect(fixture.sandbox.calls.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      {
        method: 'POST',
        path: `/sessions/${sessionId}/message`,
        body: { key: handler, ...(data !== undefined && { data }) },
      },
    ]);
  });

  it.each([
    ['broken', 'FUNCTION_ERRORED', 'function errored, message: attempt to index nil with "Health"'],
    ['invalid', 'INVALID_RETURN', 'invalid return data'],
    ['silent', 'NO_RESPONSE', 'client never responded'],
    ['unheard of', 'NO_SUCH_FUNCTION', 'function doesnt exist'],
  ])('says why %s brought nothing: %s', async (handler, reason, detail) => {
    const { data, errors } = await message(handler);
    expect(errors).toBeUndefined();
    expect(data?.messageSession).toEqual({ __typename: 'MessageNotDelivered', reason, detail });
    expect(fixture.lines()).toHaveLength(1);
  });

  it('says of a handler that is empty how long one may be, and not to leave it out', async () => {
    const { errors } = await message('');
    expect(errors?.[0]?.message).toBe('input.handler: it has 0 characters. Give 1 to 512.');
  });

  it('takes data of 64 kB to the byte', async () => {
    const data = 'x'.repeat(64 * 1024 - 2);
    expect((await message('ping', data)).data?.messageSession).toMatchObject({ response: { pong: true } });
    expect(fixture.sandbox.calls.map(({ body }) => body)).toEqual([{ key: 'ping', data }]);
  });
});

const clock = createManualClock();

/** A body as text, so that no parser rounds its numbers. */
async function post(url: string, body: string, accept = 'application/json') {
  const response = await fetch(`${url}/graphql`, jsonTextPost(body, { token: 'sandbox-key', accept }));
  return response.text();
}

describe('the JSON of a message', () => {
  const fixture = useRecorder();
  const QUERY =
    'mutation($input: MessageSessionInput!){messageSession(input:$input){...on MessageDelivered{response}}}';
  const exact =
    '{"a":12345678901234567890,"b":[-9007199254740993,9007199254740991,1234567890123456],"c":"12345678901234567890","d":1.5e-7,"e":0}';
  const envelope =
    (response: string): Respond =>
    (_recorded, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.end(`{"success":true,"processed":true,"response":${response}}`);
    };

  it('keeps every digit of an integer, both ways', async () => {
    fixture.respond = envelope(exact);
    const input = `{"id":"s","handler":"h","data":${exact}}`;
    const text = await post(fixture.gateway.url, `{"query":"${QUERY}","variables":{"input":${input}}}`);
    expect(fixture.recorder.calls.map(({ body }) => body)).toEqual([`{"key":"h","data":${exact}}`]);
    expect(text).toBe(`{"data":{"messageSession":{"response":${exact}}}}`);
  });

  it('the same by Yoga, in the document, and in a variable inside of it', async () => {
    fixture.respond = envelope('-98765432109876543210');
    const query =
      'mutation($big: JSON){messageSession(input:{id:\\"s\\",handler:\\"h\\",data:{literal:[98765432109876543210,7,-1.5,true,null,RED,\\"x\\"],big:$big}}){...on MessageDelivered{response}}}';
    const body = `{"query":"${query}","variables":{"big":98765432109876543211}}`;
    const init = jsonTextPost(body, { token: 'sandbox-key', accept: 'application/json' });
    const response = await fixture.gateway.fetch('http://gateway.test/graphql', init);
    expect(await response.text()).toBe('{"data":{"messageSession":{"response":-98765432109876543210}}}');
    expect(fixture.recorder.calls.map((call) => call.body)).toEqual([
      '{"key":"h","data":{"literal":[98765432109876543210,7,-1.5,true,null,"RED","x"],"big":98765432109876543211}}',
    ]);
  });

  it('keeps every digit beside an error as well', async () => {
    fixture.respond = (recorded, answer) => {
      if (recorded.line.includes('message')) envelope('12345678901234567890')(recorded, answer);
      else if (recorded.line.startsWith('POST')) answerPlainly(recorded, answer);
      else json(answer, { success: false, error: { code: 9, message: 'no' } });
    };
    const message =
      'messageSession(input: {id: \\"s\\", handler: \\"h\\"}) { ... on MessageDelivered { response } }';
    const toggle =
      'toggleScript(input: {id: \\"a\\", enabled: true}) { ... on ToggleScriptSuccess { script { name } } }';
    const text = await post(fixture.gateway.url, `{"query":"mutation { ${message} ${toggle} }"}`);
    expect(text).toContain(
      '"messageSession":{"response":12345678901234567890},"toggleScript":{"script":null}',
    );
    expect(text).toContain('"code":"UPSTREAM_ERROR"');
  });

  it('is refused past 50 levels, and with a number that JSON does not have, without a call', async () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const inDocument = (data: string) =>
      post(
        fixture.gateway.url,
        JSON.stringify({
          query: `mutation { messageSession(input: { id: "s", handler: "h", data: ${data} }) { __typename } }`,
        }),
      );
    expect(await inDocument(nested(51))).toContain('at most 50 levels deep');
    expect(await inDocument('1e999')).toContain('A number of this JSON is too large');
    const input = (data: string) =>
      `{"query":"${QUERY}","variables":{"input":{"id":"s","handler":"h","data":${data}}}}`;
    expect(await post(fixture.gateway.url, input(nested(51)))).toContain('nested more than 52 levels deep');
    expect(await post(fixture.gateway.url, input('1e999'))).toContain('A number of this JSON is too large');
    expect(fixture.recorder.calls).toEqual([]);
    fixture.respond = envelope('[]');
    const delivered = '{"data":{"messageSession":{"__typename":"MessageDelivered"}}}';
    expect(await inDocument(nested(50))).toBe(delivered);
    expect(await post(fixture.gateway.url, input(nested(50)))).toBe(
      '{"data":{"messageSession":{"response":[]}}}',
    );
  });

  it.each([
    ['nested too deep', `${'['.repeat(51)}${']'.repeat(51)}`, 'nested too deep'],
    ['too large', JSON.stringify('x'.repeat(64 * 1024)), 'more than 65536 bytes'],
  ])('that comes back %s is an answer that cannot be used', async (_what, response, words) => {
    fixture.respond = envelope(response);
    const { errors } = await fixture.gateway.execute(MESSAGE, { input: { id: 's', handler: 'h' } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', {
        message: expect.stringContaining(words),
        outcome: 'UNKNOWN',
      }),
    ]);
  });

  it('leaves what other inputs say of long numbers as it was', async () => {
    const text = await post(
      fixture.gateway.url,
      '{"query":"query($id: ID!, $n: Int){script(id: $id){sessions(first: $n){nodes{id}}}}","variables":{"id":12345678901234567890,"n":12345678901234567890}}',
    );
    expect(text).toContain('An ID above 2^53 must be sent as a string');
    expect(fixture.recorder.calls).toEqual([]);
  });
});

describe('the words of LuaAuth on a message', () => {
  const fixture = useRecorder();
  const say =
    (answer: object): Respond =>
    (_recorded, response) =>
      json(response, { success: true, ...answer });

  it.each([
    ['function errored', 'FUNCTION_ERRORED', 'function errored'],
    ["Function doesn't exist", 'NO_SUCH_FUNCTION', "Function doesn't exist"],
    ['the moon is full', 'UNKNOWN', 'the moon is full'],
    ['the moon of sandbox-key is full', 'UNKNOWN', 'the moon of … is full'],
    [undefined, 'UNKNOWN', ''],
  ])('%s', async (reason, expected, detail) => {
    fixture.respond = say({ processed: false, reason });
    const { data } = await fixture.gateway.execute(MESSAGE, { input: { id: 's', handler: 'function' } });
    expect(data?.messageSession).toEqual({ __typename: 'MessageNotDelivered', reason: expected, detail });
  });

  it('are no answer without "processed"', async () => {
    fixture.respond = say({ response: {} });
    const { errors } = await fixture.gateway.execute(MESSAGE, { input: { id: 's', handler: 'h' } });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_BAD_RESPONSE', { outcome: 'UNKNOWN' })]);
  });

  it('name the input field that they refuse, whatever the function is called', async () => {
    const failed = [{ field: 'key', errors: ['key is missing'] }];
    fixture.respond = (_recorded, response) =>
      json(response, {
        success: false,
        error: { code: -1, message: 'unauthorized or invalid request', failed },
      });
    const { data } = await fixture.gateway.execute(MESSAGE, { input: { id: 's', handler: 'key' } });
    expect(data?.messageSession).toMatchObject({
      __typename: 'InvalidFields',
      fields: [{ path: ['input', 'handler'], messages: ['key is missing'] }],
    });
  });
});

describe('a message waits for its client', () => {
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: 2 },
    timeouts: { read: 1_000, write: 2_000 },
    operationTimeoutMs: 3_000,
    server: { requestTimeoutMs: 4_000, headersTimeoutMs: 4_000 },
  });
  const message = () => fixture.gateway.execute(MESSAGE, { input: { id: 's', handler: 'h' } });

  it('past every other time limit', async () => {
    let release = () => {};
    fixture.respond = (_recorded, response) => {
      release = () => json(response, { success: true, processed: true, response: 'late' });
    };
    const answer = message();
    await arrival(fixture.recorder, 0);
    await clock.advance(64_900);
    release();
    expect((await answer).data?.messageSession).toEqual({ __typename: 'MessageDelivered', response: 'late' });
    await expectCalls(fixture.recorder, 1);
  });

  it('and what stands behind it in its operation has no more time than the operation', async () => {
    let release = () => {};
    fixture.respond = (_recorded, response) => {
      release = () => json(response, { success: true, processed: true, response: 'late' });
    };
    const answer = fixture.gateway.execute(`mutation {
      a: messageSession(input: { id: "s", handler: "h" }) { ... on MessageDelivered { response } }
      b: toggleScript(input: { id: "a", enabled: true }) { __typename }
    }`);
    await arrival(fixture.recorder, 0);
    await clock.advance(3_001);
    release();
    const { errors } = await answer;
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_TIMEOUT', { path: ['b'], outcome: 'NOT_EXECUTED' }),
    ]);
    await expectCalls(fixture.recorder, 1);
  });

  it('for 65 s, and is never sent again', async () => {
    fixture.respond = () => undefined;
    const answer = message();
    await arrival(fixture.recorder, 0);
    await clock.advance(65_000);
    expect((await answer).errors).toMatchObject([
      expect.toBeError('UPSTREAM_TIMEOUT', { outcome: 'UNKNOWN' }),
    ]);
    await expectCalls(fixture.recorder, 1);
  });
});
