import { describe, expect, it } from 'vitest';
import { answerPlainly, answerRateLimited, wireScript } from '../support/api/plain-api.ts';
import { json, type Respond, startRecorder } from '../support/api/recorder.ts';
import { openGateway, type TestGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';

/** Queries in whose answers everything can go wrong: at the root, in a list, below a list, at a field that may be null. */
const QUERIES = [
  '{ script(id: "a") { id name enabled totalExecutions project { id } } }',
  '{ scripts(ids: ["a", "b", "a"]) { id name } }',
  '{ x: script(id: "a") { executions { date count } } y: script(id: "b") { name } }',
  '{ script(id: "a") { name sessions(first: 2) { nodes { id userKey robloxId createdAt script { id name } } pageInfo { hasNextPage endCursor } } } }',
];

const STATUSES = [200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 418, 429, 500, 501, 502, 503, 504];

const withStatus =
  (status: number): Respond =>
  ({ line }, response) => {
    if (line.startsWith('GET /scripts/a')) json(response, { success: true, script: wireScript('a') }, status);
    else json(response, { success: false, error: { code: 4, message: 'no' } }, status);
  };

const session = (fields: object) => ({
  id: 's',
  user_key: 'k',
  script_id: 'a',
  roblox_id: 1,
  place_id: 2,
  job_id: 'j',
  created_at: 1_770_624_500_000,
  ...fields,
});

/** Answers all reads of a script by what stands in its fields, its list of sessions and its executions. */
const withData =
  (fields: object, sessions: unknown, executions: unknown): Respond =>
  (_recorded, response) =>
    json(response, { success: true, script: wireScript('a', fields), sessions, executions });

const RESPONSES: Readonly<Record<string, Respond>> = {
  'all is well': answerPlainly,
  'numbers of any size': (_recorded, response) =>
    void response.end(
      `{"success":true,"script":${JSON.stringify(wireScript('a')).replace('"total_executions":0', '"total_executions":9007199254740991')},"executions":{"01/01":9007199254740993},"sessions":[{"id":"s","script_id":"a","roblox_id":12345678901234567890,"place_id":1,"job_id":"j","created_at":1}]}`,
    ),
  'fields of wrong types': withData(
    { name: 5, enabled: 'yes', total_executions: -1, project_id: null },
    [session({ created_at: 'now', user_key: 7 })],
    { '01/01': '5' },
  ),
  'one row that cannot be read': withData({}, [session({}), session({ roblox_id: 1.5 })], { a: 1, b: null }),
  'rows that are none': withData({}, [null], []),
  'no lists': withData({}, {}, 'none'),
  'sessions of another script': withData({}, [session({ script_id: 'b' }), session({})], {}),
  'sessions of no script': withData({}, [session({}), session({ script_id: '..' })], {}),
  'a refusal': (_recorded, response) =>
    json(response, { success: false, error: { code: -1, message: 'x', failed: ['a'] } }),
  ratelimited: (_recorded, response) => answerRateLimited(response, '120'),
  'no JSON': (_recorded, response) => void response.end('<html>'),
  'half a body': (_recorded, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"success"', () => response.destroy());
  },
  'a reset': ({ socket }) => void socket.resetAndDestroy(),
  silence: () => undefined,
  ...Object.fromEntries(STATUSES.map((status) => [`HTTP ${status}`, withStatus(status)])),
};

type Plugins = NonNullable<TestGatewayOptions['plugins']>;
/** A plugin makes Yoga its host. */
const YOGA: Plugins = [{}];

async function ask(gateway: TestGateway, query: string, token: string) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'one', 'x-upstream': 'report', token },
    body: JSON.stringify({ query }),
  });
  // Waits are told by a clock that runs on between two requests.
  const text = (await response.text()).replace(/"(queuedMs|retryAfterMs)":\d+/g, '"$1":0');
  const { date: _date, 'content-length': _length, ...headers } = Object.fromEntries(response.headers);
  return { status: response.status, headers, text };
}

describe("the adapter of node:http answers with the bytes of Yoga's, and calls the same", () => {
  it.each(Object.entries(RESPONSES))('whatever the API says: %s', async (title, respond) => {
    let current: Respond = answerPlainly;
    // Only what is never said is waited for in vain: all else may take its time on a busy machine.
    const timeoutMs = title === 'silence' ? 700 : 60_000;
    const recorder = await startRecorder((recorded, response) => current(recorded, response));
    /** With a gateway of its own, which learns from failures, and a key for each query, which can be paused. */
    const askAll = async (plugins: Plugins, isKnown: boolean) => {
      const gateway = await openGateway({
        upstream: recorder.url,
        transport: { random: () => 0 },
        timeouts: { read: timeoutMs, write: timeoutMs },
        operationTimeoutMs: 60_000,
        plugins,
      });
      current = answerPlainly;
      if (isKnown) for (const query of QUERIES) await ask(gateway, query, 'key');
      current = respond;
      const answers = [];
      for (const [index, query] of QUERIES.entries()) {
        recorder.calls.length = 0;
        const answer = await ask(gateway, query, `key-${index}`);
        answers.push({ answer, calls: recorder.lines().sort() });
      }
      expect(gateway.logged).toEqual([]);
      await gateway.close();
      return answers;
    };
    const byYoga = await askAll(YOGA, false);
    expect(await askAll([], false)).toEqual(byYoga);
    expect(await askAll([], true)).toEqual(byYoga);
    await recorder.close();
  });

  it('when the client leaves: the call ends with it by both adapters, and the next one is answered', async () => {
    const recorder = await startRecorder(() => undefined);
    for (const plugins of [YOGA, [], []]) {
      const gateway = await openGateway({ upstream: recorder.url, plugins });
      recorder.calls.length = 0;
      const client = new AbortController();
      const answer = fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', token: 'key' },
        body: JSON.stringify({ query: QUERIES[0] }),
        signal: client.signal,
      });
      while (recorder.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const socket = recorder.calls[0]?.socket;
      const closed = new Promise((resolve) => socket?.once('close', resolve));
      client.abort();
      await expect(answer).rejects.toThrow('abort');
      await closed;
      expect(recorder.calls).toHaveLength(1);
      expect((await gateway.execute('{ __typename }')).data).toEqual({ __typename: 'Query' });
      expect(gateway.logged).toEqual([]);
      await gateway.close();
    }
    await recorder.close();
  });
});
