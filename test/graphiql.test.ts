import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleGraphiQL } from '../scripts/graphiql-bundle.ts';
import { addHistory } from '../src/graphiql/history-plugin.ts';
import { createTabs, type TabSubject } from '../src/graphiql/tabs.ts';
import { sandboxKeys } from '../src/sandbox/keys.ts';
import { seeded } from '../src/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { subscribeBySse } from './support/event-stream.ts';
import { openGateway, type TestGateway } from './support/gateway.ts';

const SUBJECT: TabSubject = {
  ...seeded,
  placeId: String(seeded.placeId),
  credential: {
    header: 'token',
    prefix: '',
    label: 'LuaAuth API key',
    publicKey: sandboxKeys.full,
    variable: 'LUAAUTH_API_KEY',
  },
};
const TOKEN = { token: sandboxKeys.full };
const NOTE = 'Sandbox: made-up data.';
const PAGE_SCRIPT = new URL('../src/graphiql/page-script.ts', import.meta.url);
// What Chromium sends.
const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
};

let sandbox: Sandbox;
let gateway: TestGateway;

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  gateway = await openGateway({
    upstream: sandbox.url,
    graphiql: { credential: SUBJECT.credential, note: NOTE, tabs: createTabs(SUBJECT) },
  });
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  await gateway.close();
  await sandbox.close();
});

const get = (path: string, headers: Record<string, string> = BROWSER) =>
  fetch(gateway.url + path, { headers, redirect: 'manual' });

describe('the GraphiQL page', () => {
  it.each(['/graphql', '/graphql?query=%7B__typename%7D'])('is what a browser gets at %s', async (path) => {
    const response = await get(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(await response.text()).toMatch(/^\s*<!doctype html>[\s\S]*<title>GraphiQL · LuaAuth<\/title>/);
    expect(sandbox.calls).toEqual([]);
  });

  it.each([
    { accept: '*/*' },
    { accept: 'application/json' },
    { accept: 'application/graphql-response+json, application/json;q=0.9' },
    { accept: 'text/html;q=0, */*' },
    { accept: 'application/json, text/html;q=0.5' },
  ])('is not what a client gets that sends %j', async (headers) => {
    const response = await get('/graphql?query=%7B__typename%7D', { ...headers, 'x-graphql-csrf': '1' });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('is where a browser is sent from /, and nobody else', async () => {
    const response = await get('/');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
    expect((await get('/', { accept: '*/*' })).status).toBe(404);
  });

  it('is not there at all unless it is asked for', async () => {
    const plain = await openGateway({ upstream: sandbox.url });
    try {
      for (const path of ['/', '/graphql']) {
        const response = await fetch(plain.url + path, { headers: BROWSER, redirect: 'manual' });
        expect([path, response.status >= 400]).toEqual([path, true]);
        expect(await response.text()).not.toContain('<html');
      }
    } finally {
      await plain.close();
    }
  });

  it('travels compressed, and is sent again only when it has changed', async () => {
    const plain = await get('/graphql', { accept: 'text/html', 'accept-encoding': 'identity' });
    const gzipped = await get('/graphql', { accept: 'text/html', 'accept-encoding': 'gzip, br;q=0' });
    const zipped = await get('/graphql');
    expect(zipped.headers.get('content-encoding')).toBe('br');
    expect(gzipped.headers.get('content-encoding')).toBe('gzip');
    expect(plain.headers.get('content-encoding')).toBeNull();
    const html = await plain.text();
    expect(await zipped.text()).toBe(html);
    expect(await gzipped.text()).toBe(html);
    const lengthOf = ({ headers }: Response) => Number(headers.get('content-length'));
    expect(lengthOf(zipped)).toBeLessThan(0.8 * lengthOf(gzipped));
    expect(Number(zipped.headers.get('content-length'))).toBeLessThan(html.length / 2);
    expect(zipped.headers.get('vary')).toBe('accept, accept-encoding');
    expect(zipped.headers.get('cache-control')).toBe('private, no-cache');

    const etag = zipped.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    const again = await get('/graphql', { ...BROWSER, 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(etag);
    expect((await get('/graphql', { ...BROWSER, 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('may run its own scripts, speak to the gateway and nothing else', async () => {
    const response = await get('/graphql');
    const [html, policy = ''] = [
      await response.text(),
      response.headers.get('content-security-policy') ?? '',
    ];
    const rules = new Map(policy.split('; ').map((rule) => rule.split(/ (.*)/) as [string, string]));
    expect(Object.fromEntries(rules)).toEqual({
      'default-src': "'none'",
      'script-src': expect.stringMatching(/^'sha256-[\w+/]{43}='$/),
      'worker-src': 'blob:',
      'style-src': "'unsafe-inline'",
      'img-src': 'data:',
      'font-src': 'data:',
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');

    const tags = html.replace(/(<(script|style)>)[\s\S]*?<\/\2>/g, '$1');
    const urls = [...tags.matchAll(/\b(?:src|href|action|data)\s*=\s*["']?([^"'\s>]+)/g)].map(
      ([, url]) => url,
    );
    expect(urls.map((url) => url?.slice(0, 5))).toEqual(['data:']);
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, css = '']) => css).join('');
    expect(styles.match(/@import|url\(\s*["']?(?!data:)[^)]{0,60}/g) ?? []).toEqual([]);
  });

  it('is shown by phones in their own width', async () => {
    expect(await (await get('/graphql')).text()).toContain(
      '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    );
  });

  it('runs the script that its sources make', async () => {
    expect(await readFile(PAGE_SCRIPT, 'utf8')).toBe(await bundleGraphiQL());
  });

  it('is not made of a GraphiQL that chooses its plugins elsewhere', () => {
    expect(addHistory('a=b===void 0?[c]:b,')).toBe('a=b===void 0?[c]:[c,...b],');
    expect(() => addHistory('a=b??[c],')).toThrow('GraphiQL chooses its plugins in 0 places.');
  });
});

/** The answer to an operation, or the first one to a subscription. */
async function answerTo(gateway: TestGateway, query: string, variables: Record<string, unknown>) {
  if (!/^subscription /m.test(query)) return gateway.execute(query, variables, TOKEN);
  const stream = await subscribeBySse(gateway, query, variables);
  const first = await stream.next();
  stream.leave();
  return { data: first?.data, errors: first?.errors };
}

describe('the tabs of a new visitor', () => {
  const variablesOf = (variables: string) => (variables === '' ? undefined : JSON.parse(variables));

  it('are in the page, with the field for their key', async () => {
    const html = await (await get('/graphql')).text();
    const found = /LuaAuthGraphiQL\.start\(\S+ (\{"title":.*\}), (\{.*\})\);\s*<\/script>/.exec(html) ?? [];
    const [options, page] = found.slice(1).map((json) => JSON.parse(json));
    expect(options).toMatchObject({ defaultTabs: createTabs(SUBJECT), shouldPersistHeaders: false });
    expect(page).toEqual({ credential: SUBJECT.credential, note: NOTE, endpoint: '/graphql/' });
  });

  it('run as they are, are named after what they do, and cost what they say', async () => {
    const tabs = createTabs(SUBJECT);
    const names = tabs.map(({ query }) => /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1]);
    expect(names).toEqual([
      'Script',
      'ConnectedUsers',
      'UsersInPlace',
      'WhoIsOn',
      'ProjectExecutions',
      'UserByKey',
      'EditScript',
      'BlacklistAgain',
    ]);
    const calls: number[] = [];
    for (const { query, variables } of tabs) {
      sandbox.reset();
      const { errors, data } = await answerTo(gateway, query, variablesOf(variables));
      expect([query, errors]).toEqual([query, undefined]);
      expect(JSON.stringify(data)).not.toContain('[]');
      calls.push(sandbox.calls.length);
    }
    // The script; the script, its executions and a page; the script and a page; a poll; the project and its executions;
    // the user; the write and the script after it; the write that is refused and the user.
    expect(calls).toEqual([1, 3, 2, 1, 2, 1, 2, 2]);
  });

  it('show a refusal that clients can tell from a success', async () => {
    const { query = '', variables = '' } = createTabs(SUBJECT).at(-1) ?? {};
    const { data } = await gateway.execute(query, variablesOf(variables), TOKEN);
    expect(data).toMatchObject({
      blacklistUser: { __typename: 'AlreadyBlacklisted', user: { blacklist: {} } },
    });
  });

  it('leave the mutations out of a gateway that has none', async () => {
    const readOnly = await openGateway({ upstream: sandbox.url, readOnly: true });
    try {
      const tabs = createTabs({ ...SUBJECT, readOnly: true });
      expect(tabs).toHaveLength(6);
      for (const { query, variables } of tabs) {
        const { errors } = await answerTo(readOnly, query, variablesOf(variables));
        expect([query, errors]).toEqual([query, undefined]);
      }
    } finally {
      await readOnly.close();
    }
  });
});
