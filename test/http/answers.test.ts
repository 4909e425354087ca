import { afterEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { openRaw } from '../support/clients/raw-http.ts';
import { useOpened, useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });
const opened = useOpened();
afterEach(() => expect(fixture.gateway.logged).toEqual([]));

const NAME = `{ script(id: "${seeded.scriptId}") { name } }`;
const ask = (init: RequestInit = {}, path = '/graphql', { url } = fixture.gateway) => fetch(url + path, init);
const post = (body: string, headers: Record<string, string> = {}, gateway = fixture.gateway) =>
  ask(jsonTextPost(body, { token: 'sandbox-key', ...headers }), '/graphql', gateway);
const QUERY = JSON.stringify({ query: NAME });

describe('an answer', () => {
  const COMMON = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

  it.each<[what: string, status: number, answer: () => Promise<Response>]>([
    ['to a query', 200, () => post(QUERY)],
    ['to a document that is not valid', 200, () => post('{"query":"{ nonsense }"}')],
    ['to broken JSON', 400, () => post('{')],
    ['to another content type', 415, () => post('{}', { 'content-type': 'text/plain' })],
    ['in a type that nobody has', 406, () => post('{}', { accept: 'image/png' })],
    ['to a query by GET', 400, () => ask({}, '/graphql?query={__typename}')],
    ['to a browser in production', 400, () => ask({ headers: { accept: 'text/html,*/*;q=0.8' } })],
    ['to OPTIONS', 204, () => ask({ method: 'OPTIONS' })],
    ['to HEAD', 405, () => ask({ method: 'HEAD' })],
    ['to DELETE', 405, () => ask({ method: 'DELETE' })],
    ['of /health', 200, () => ask({}, '/health?probe=1')],
    ['of /readiness', 200, () => ask({}, '/readiness')],
    ['of any other path', 404, () => ask({}, '/nowhere')],
  ])('%s has status %i, no-store and nosniff, and names no product', async (_what, status, answer) => {
    const response = await answer();
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject(COMMON);
    expect(response.headers.get('content-type') ?? '').not.toContain('html');
    const names = [...response.headers.keys()];
    expect(names.filter((name) => /^x-(?!content-type-options|request-id)|server|via/.test(name))).toEqual(
      [],
    );
  });

  it('has these headers also where a client expects what nobody knows', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write('GET /health HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n');
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    for (const [name, value] of Object.entries(COMMON)) expect(text).toContain(`${name}: ${value}\r\n`);
  });

  it('copies no header of the REST API', async () => {
    const session = { id: 'a', user_key: 'user', script_id: 's', roblox_id: 1, place_id: 2, job_id: 'job' };
    const recorder = await opened.record((_recorded, response) => {
      for (const [name, value] of Object.entries({
        'set-cookie': 'session=1',
        'x-powered-by': 'LuaAuth',
        server: 'upstream',
        'cache-control': 'public, max-age=600',
        'access-control-allow-origin': '*',
      }))
        response.setHeader(name, value);
      json(response, { success: true, session: { ...session, created_at: 1_770_624_500_000 } });
    });
    const { gateway } = await opened.open({ upstream: recorder.url });
    const { headers, data } = await gateway.execute('{ session(id: "a") { jobId } }');
    expect(data).toEqual({ session: { jobId: 'job' } });
    const own = ['cache-control', 'connection', 'content-length', 'content-type', 'date', 'keep-alive'];
    expect([...headers.keys()].sort()).toEqual([...own, 'x-content-type-options', 'x-request-id']);
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('a path', () => {
  it.each([
    ...['/', '/graph', '/graphql/x/y/z', '/graphql//x', '/graphql/%ff', '/foo/graphql', '//graphql'],
    ...['/health/x', '/x?y=/graphql', '/x?y=/health'],
  ])('%s does not exist, and the answer names /graphql', async (path) => {
    const { errors } = (await (await ask({}, path)).json()) as { errors: unknown[] };
    expect(errors).toEqual([expect.toBeError('NOT_FOUND', { message: expect.stringContaining('/graphql') })]);
  });

  it.each([
    ['OPTIONS', '/graphql', 204, 'GET, POST, OPTIONS', ''],
    ['PUT', '/graphql', 405, 'GET, POST, OPTIONS', 'METHOD_NOT_ALLOWED'],
    ['QUERY', '/graphql', 405, 'GET, POST, OPTIONS', 'METHOD_NOT_ALLOWED'],
    ['HEAD', '/graphql', 405, 'GET, POST, OPTIONS', ''],
    ['POST', '/readiness', 405, 'GET, HEAD, OPTIONS', 'METHOD_NOT_ALLOWED'],
    ['HEAD', '/health', 200, null, ''],
    ['GET', '/health', 200, null, '{"status":"ok"}'],
    ['GET', '/readiness', 200, null, '{"status":"ok"}'],
  ])('answers %s %s with %i, and says what is allowed', async (method, path, status, allow, says) => {
    const response = await ask({ method }, path);
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
    expect(await response.text()).toMatch(says === '' ? /^$/ : new RegExp(says.replace(/[{}]/g, '\\$&')));
    expect(fixture.sandbox.calls).toEqual([]);
  });
});

describe('a page of another origin', () => {
  const corsIn = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => /^access-control-|^vary$/.test(name)));
  const preflight = (origin: string, gateway = fixture.gateway) =>
    ask(
      {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'token',
        },
      },
      '/graphql',
      gateway,
    ).then(corsIn);
  const read = (origin: string, gateway = fixture.gateway) => post(QUERY, { origin }, gateway).then(corsIn);
  const EVIL = 'https://evil.example';

  it('gets no access-control header by default, on any path', async () => {
    expect(await Promise.all([preflight(EVIL), read(EVIL)])).toEqual([{}, {}]);
    for (const path of ['/health', '/nowhere'])
      expect(corsIn(await ask({ headers: { origin: EVIL } }, path))).toEqual({});
  });

  it('is let in only if the list has its whole origin, and never with credentials', async () => {
    const { gateway } = await opened.open({ corsOrigins: ['https://app.example', 'http://localhost:3000'] });
    expect(await preflight('https://app.example', gateway)).toEqual({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers':
        'content-type, token, authorization, x-upstream, x-request-id, traceparent, tracestate, apollographql-client-name, apollographql-client-version, graphql-client-name, graphql-client-version, x-graphql-csrf, graphql-require-preflight, x-graphql-yoga-csrf, apollo-require-preflight, x-apollo-operation-name',
      'access-control-max-age': '86400',
      vary: 'origin',
    });
    expect(await read('http://localhost:3000', gateway)).toEqual({
      'access-control-allow-origin': 'http://localhost:3000',
      'access-control-expose-headers': 'x-request-id, retry-after',
      vary: 'origin',
    });
    for (const origin of [EVIL, 'https://app.example.evil.example', 'http://app.example', 'null'])
      expect([await preflight(origin, gateway), await read(origin, gateway)]).toEqual(
        Array(2).fill({ vary: 'origin' }),
      );
  });

  it('is let in as * when every origin is allowed', async () => {
    const { gateway } = await opened.open({ corsOrigins: ['*'] });
    expect(await preflight(EVIL, gateway)).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(await read(EVIL, gateway)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'x-request-id, retry-after',
    });
  });
});
