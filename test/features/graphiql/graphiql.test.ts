import { parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleGraphiQL, readTabDocuments } from '../../../scripts/bundle-graphiql.ts';
import { describePage } from '../../../src/features/graphiql/describe-page.ts';
import { createTabs, type TabSubject } from '../../../src/features/graphiql/tabs.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { facts } from '../../../src/features/sandbox/open-sandbox.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../../src/features/schema.ts';
import { subscribeBySse } from '../../support/clients/event-stream.ts';
import { configOf } from '../../support/gateways/configured.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';
import { openGateway, type TestGateway } from '../../support/gateways/gateway.ts';

const SUBJECT: TabSubject = {
  ...seeded,
  placeId: String(seeded.placeId),
  credential: {
    header: 'token',
    prefix: '',
    label: 'LuaAuth API key',
    publicKey: sandboxKeys.full,
  },
};
const DOCUMENTS = readTabDocuments();
const TOKEN = { token: sandboxKeys.full };
const createOwnTabs = (documents: Readonly<Record<string, string>>) => createTabs(documents, SUBJECT);
const NOTE = 'Sandbox: made-up data.';
// The headers that Chromium sends.
const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
};

beforeAll(bundleGraphiQL);
const fixture = useSandbox({
  gateway: { graphiql: { credential: SUBJECT.credential, note: NOTE, tabs: createOwnTabs } },
  shared: true,
});

const get = (path: string, headers: Record<string, string> = BROWSER) =>
  fetch(fixture.gateway.url + path, { headers, redirect: 'manual' });

describe('a page that a configuration describes', () => {
  const sandboxNote = 'Sandbox: made-up data, nothing reaches LuaAuth.';
  it.each<
    [
      what: string,
      variables: Record<string, string>,
      credential: object | undefined,
      note: string,
      tabs: number,
    ]
  >([
    ['over the sandbox', {}, { header: 'token', prefix: '', publicKey: 'sandbox-key' }, sandboxNote, 8],
    [
      'with keys of its own',
      { LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'team-a-Vd8sK2mQ41xZ' },
      { header: 'authorization', prefix: 'Bearer ', publicKey: '' },
      sandboxNote,
      8,
    ],
    [
      'that is read-only, where everybody who can connect may use the held key',
      { LUAAUTH_TOKEN: 'held', READ_ONLY: 'true', LUAAUTH_API_URL: 'http://127.0.0.1:9' },
      undefined,
      'Live: this gateway has its own LuaAuth key.',
      6,
    ],
  ])('%s has its credential, note and tabs', (_what, variables, credential, note, tabs) => {
    const config = configOf(variables);
    const page = describePage(config, config.apiUrl ? undefined : facts);
    expect(page).toMatchObject({ note, ...(credential && { credential }) });
    expect(page.credential === undefined).toBe(credential === undefined);
    expect(typeof page.tabs === 'function' && page.tabs(DOCUMENTS)).toHaveLength(tabs);
  });
});

describe('the GraphiQL page', () => {
  it.each(['/graphql', '/graphql?query=%7B__typename%7D'])('is what a browser gets at %s', async (path) => {
    const response = await get(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(await response.text()).toMatch(/^\s*<!doctype html>[\s\S]*<title>GraphiQL · LuaAuth<\/title>/);
    expect(fixture.sandbox.calls).toEqual([]);
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

  it('is where only browsers are redirected from / and /graphql/', async () => {
    const response = await get('/');
    expect([response.status, response.headers.get('location')]).toEqual([302, 'graphql']);
    const beyond = await get('/graphql/');
    expect([beyond.status, beyond.headers.get('location')]).toEqual([302, '../graphql']);
    expect((await get('/', { accept: '*/*' })).status).toBe(404);
    expect((await get('/graphql/', { accept: '*/*' })).status).toBe(400);
  });

  it('is not there at all unless it is asked for', async () => {
    const plain = await openGateway({ upstream: fixture.sandbox.url });
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

  it('travels compressed, as its files do, and is sent again only when it has changed', async () => {
    const html = await (await get('/graphql')).text();
    for (const path of ['/graphql', ...filesIn(html)]) {
      const plain = await get(path, { accept: 'text/html', 'accept-encoding': 'identity' });
      const gzipped = await get(path, { accept: 'text/html', 'accept-encoding': 'gzip, br;q=0' });
      const zipped = await get(path);
      expect(zipped.headers.get('content-encoding')).toBe('br');
      expect(gzipped.headers.get('content-encoding')).toBe('gzip');
      expect(plain.headers.get('content-encoding')).toBeNull();
      const lengthOf = ({ headers }: Response) => Number(headers.get('content-length'));
      expect(lengthOf(zipped)).toBeLessThan(lengthOf(gzipped));
      expect(lengthOf(zipped)).toBeLessThan(lengthOf(plain) / 2);
      expect(zipped.headers.get('vary')).toContain('accept-encoding');
      const text = await plain.text();
      expect(await zipped.text()).toBe(text);
      expect(await gzipped.text()).toBe(text);
    }
    const page = await get('/graphql');
    expect(page.headers.get('cache-control')).toBe('private, no-cache');
    const etag = page.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    const again = await get('/graphql', { ...BROWSER, 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(etag);
    expect((await get('/graphql', { ...BROWSER, 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('has files whose names change with their content, so that browsers may cache them', async () => {
    const files = filesIn(await (await get('/graphql')).text());
    expect(files.map((path) => path.replace(/-[\w-]{8}\./, '-<hash>.'))).toEqual([
      '/graphql/graphiql/files/style-<hash>.css',
      '/graphql/graphiql/files/start-<hash>.js',
    ]);
    for (const path of files) {
      const { status, headers } = await get(path, { accept: '*/*' });
      expect([status, headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
        'nosniff',
      ]);
    }
  });

  it.each(['page.json', 'none.js', '..%2Fpage.json', ''])('has no file "%s"', async (name) => {
    const { status, headers } = await get(`/graphql/graphiql/files/${name}`, { accept: '*/*' });
    expect([status, headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  });

  it('may run files of the gateway, speak to the gateway and nothing else', async () => {
    const response = await get('/graphql');
    const [html, policy = ''] = [
      await response.text(),
      response.headers.get('content-security-policy') ?? '',
    ];
    const rules = new Map(policy.split('; ').map((rule) => rule.split(/ (.*)/) as [string, string]));
    expect(Object.fromEntries(rules)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self' 'unsafe-inline'",
      'img-src': 'data:',
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');

    // No script stands in the page: the one without an address is data.
    const scripts = [...html.matchAll(/<script\b([^>]*)>/g)].map(([, attributes = '']) => attributes);
    expect(scripts.filter((attributes) => !/ src="graphql\//.test(attributes))).toEqual([
      ' type="application/json" id="page-options"',
    ]);
    expect(html).not.toMatch(/<style|\son\w+=/);
    const urls = [...html.matchAll(/\b(?:src|href|action|data)="([^"]+)/g)].map(([, url = '']) => url);
    expect(urls.filter((url) => !/^(data:image\/svg|graphql\/)/.test(url))).toEqual([]);
    const [style = ''] = filesIn(html);
    const css = await (await get(style)).text();
    expect(css.match(/@import|url\(\s*["']?(?!data:)[^)]{0,60}/g) ?? []).toEqual([]);
  });

  it('is shown by phones in their own width', async () => {
    expect(await (await get('/graphql')).text()).toContain(
      '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    );
  });
});

/** The addresses of what the page loads. */
/** Named from the page on, which may be below a path. */
const filesIn = (html: string) =>
  [...html.matchAll(/(?:src|href)="(graphql\/[^"]+)"/g)].map(([, path = '']) => `/${path}`);

/** The answer to an operation, or the first one to a subscription. */
async function answerTo(gateway: TestGateway, query: string, variables: Record<string, unknown>) {
  if (!/^subscription /m.test(query)) return fixture.gateway.execute(query, variables, TOKEN);
  const stream = await subscribeBySse(gateway, query, variables);
  const first = await stream.next();
  stream.leave();
  return { data: first?.data, errors: first?.errors };
}

describe('the tabs of a new visitor', () => {
  const variablesOf = (variables: string) => (variables === '' ? undefined : JSON.parse(variables));

  it('are in the page, with the field for their key', async () => {
    const html = await (await get('/graphql')).text();
    const [, json = ''] = /<script type="application\/json"[^>]*>(.*)<\/script>/.exec(html) ?? [];
    expect(JSON.parse(json)).toEqual({
      tabs: createTabs(DOCUMENTS, SUBJECT),
      credential: SUBJECT.credential,
      note: NOTE,
    });
  });

  it('run as they are, are named after what they do, and cost what they say', async () => {
    const tabs = createTabs(DOCUMENTS, SUBJECT);
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
      fixture.sandbox.reset();
      const { errors, data } = await answerTo(fixture.gateway, query, variablesOf(variables));
      expect([query, errors]).toEqual([query, undefined]);
      expect(JSON.stringify(data)).not.toContain('[]');
      calls.push(fixture.sandbox.calls.length);
    }
    // The script; the script, its executions and a page; the script and a page; a poll; the project and its executions;
    // the user; the write and the script after it; the write that is refused and the user.
    expect(calls).toEqual([1, 3, 2, 1, 2, 1, 2, 2]);
  });

  it('are made of valid documents, and of every document in the folder', () => {
    const schema = createSchema();
    const tabs = createTabs(DOCUMENTS, SUBJECT);
    expect(tabs).toHaveLength(Object.keys(DOCUMENTS).length);
    for (const [name, text] of Object.entries(DOCUMENTS)) {
      expect([name, validate(schema, parse(text))]).toEqual([name, []]);
      expect(tabs.some(({ query }) => query.endsWith(text.slice(text.lastIndexOf('{'))))).toBe(true);
    }
  });

  it('show a refusal that clients can tell from a success', async () => {
    const { query = '', variables = '' } = createTabs(DOCUMENTS, SUBJECT).at(-1) ?? {};
    const { data } = await fixture.gateway.execute(query, variablesOf(variables), TOKEN);
    expect(data).toMatchObject({
      blacklistUser: { __typename: 'AlreadyBlacklisted', user: { blacklist: {} } },
    });
  });

  it('leave the mutations out of a gateway that has none', async () => {
    const readOnly = await openGateway({ upstream: fixture.sandbox.url, readOnly: true });
    try {
      const tabs = createTabs(DOCUMENTS, { ...SUBJECT, readOnly: true });
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
