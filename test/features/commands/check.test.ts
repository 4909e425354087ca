import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES } from '../../../src/config/env-variables.ts';
import { sendProxyPage } from '../../../src/features/sandbox/faults.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { freePort } from '../../support/network/free-port.ts';
import { selfSigned } from '../../support/network/self-signed.ts';
import { useCommands } from '../../support/processes/commands-here.ts';
import { textOf } from '../../support/repository/repository.ts';

const { version } = JSON.parse(textOf('package.json'));
const SECRET = 'sentinel-key-7c1e';
const NO_SCRIPT = 'GET /scripts/luaauth-graphql-check';

const { run, record, sandboxed, closing, at } = useCommands();

describe('check', () => {
  const lines = (stdout: string) =>
    stdout
      .replaceAll(/\n {10,}/g, ' ')
      .trimEnd()
      .split('\n');
  const KEY = { token: `${SECRET}\n` };
  const withKey = ['--token-file', 'token'];

  it('says without a configuration that the sandbox answers, and ends with 0', async () => {
    const { code, stdout, stderr } = await run(['check']);
    expect([code, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toEqual([
      `luaauth-graphql ${version}`,
      'ok    Configuration  it is complete and consistent.',
      'note  LuaAuth        LUAAUTH_API_URL is not set: the built-in sandbox answers, with made-up data. Set LUAAUTH_API_URL=https://api.luaauth.com to go live.',
      'ok    Key            the gateway has no key: each caller sends a key.',
    ]);
  });

  it('mentions settings that are valid but may surprise', async () => {
    const { code, stdout } = await run(['check'], { variables: { NODE_ENV: 'prod' } });
    expect([code, lines(stdout)[2]]).toEqual([
      0,
      expect.stringMatching(/^note {2}Configuration {2}NODE_ENV: "prod" has no effect/),
    ]);
  });

  it('lists the problems of a configuration like serve, and asks nothing', async () => {
    const { url, calls } = await sandboxed();
    const { code, stdout, stderr } = await run(['check', '--api-url', url, '--port', 'x']);
    expect([code, stdout, calls]).toEqual([1, '', []]);
    expect(stderr).toMatch(/^The configuration has problems:\n {2}--port: "x": must be /);
  });

  it('finds what would keep a gateway from its start, and makes no file', async () => {
    const { code, stdout } = await run(['check', '--audit-log-file', '/nowhere/audit.log']);
    expect([code, lines(stdout)[1]]).toEqual([
      1,
      'fail  Configuration  AUDIT_LOG_FILE: "/nowhere/audit.log" cannot be written (ENOENT). Give the path of a writable file.',
    ]);
    for (const [path, problem] of [
      [tmpdir(), 'cannot be written (EISDIR)'],
      ['/dev/null', 'is a pipe or a device, not a regular file'],
    ])
      expect((await run(['check', '--audit-log-file', `${path}`])).stdout).toContain(
        `fail  Configuration  AUDIT_LOG_FILE: ${JSON.stringify(path)} ${problem}.`,
      );
    expect((await run(['check', '--audit-log-file', at('new.log')])).code).toBe(0);
    expect(existsSync(at('new.log'))).toBe(false);
  });

  it.each([
    ['/nowhere/file', 'does not exist (ENOENT)'],
    ['/nowhere/file.json', 'does not exist (ENOENT)'],
    [tmpdir(), 'is a directory (EISDIR)'],
    ['/dev/zero', 'is not read: it is a pipe or a device, not a regular file'],
  ])('opens every file that a variable names: %s', async (path, reason) => {
    // The folder is a list of no documents, and files that the gateway writes need not exist.
    const names = VARIABLE_NAMES.filter(
      (name) =>
        name.endsWith('_FILE') &&
        name !== 'AUDIT_LOG_FILE' &&
        !(path === tmpdir() && name === 'PERSISTED_DOCUMENTS_FILE'),
    );
    expect(names).toContain('LUAAUTH_TOKEN_FILE');
    const variables = Object.fromEntries(names.map((name) => [name, path]));
    const { code, stdout, stderr } = await run(['check'], { variables });
    expect([code, stdout]).toEqual([1, '']);
    for (const name of names) {
      const line = stderr.split('\n').find((text) => text.trim().startsWith(`${name}:`));
      expect(line).toContain(JSON.stringify(path));
      expect(line).toContain(reason);
    }
  });

  const SCRIPT_ID = ['--script', seeded.scriptId];
  it.each<[what: string, key: string | undefined, args: string[], code: number, finding: RegExp]>([
    ['no key', undefined, [], 0, /^ok {4}Key {12}the gateway has no key: each caller sends a key\.$/],
    [
      'a key, which may be unknown',
      SECRET,
      [],
      0,
      /^note {2}Key {12}the key was sent, but whether LuaAuth accepts it is not known: .* Give --script the id/,
    ],
    [
      'a key and a script of its account',
      'sandbox-key',
      SCRIPT_ID,
      0,
      /^ok {4}Key {12}accepted: it reads the script "Nightfall Hub"\.$/,
    ],
    [
      'a key and a script that LuaAuth refuses',
      SECRET,
      SCRIPT_ID,
      1,
      /^fail {2}Key {12}LuaAuth refused to read \w+: "unauthorized or invalid request"\. Either .+ it does not say which\. Compare/,
    ],
  ])('reads once with %s, and shows no key', async (_what, key, args, expected, finding) => {
    const { url, calls } = await sandboxed();
    const variables: Record<string, string> = key === undefined ? {} : { LUAAUTH_TOKEN: key };
    const { code, stdout } = await run(['check', '--api-url', url, ...args], { variables });
    expect([code, lines(stdout)[2]]).toEqual([expected, `ok    LuaAuth        it answers at ${url}/.`]);
    expect(lines(stdout).at(-1)).toMatch(finding);
    expect(stdout).not.toContain(SECRET);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      args.length > 0 ? `GET /scripts/${seeded.scriptId}` : NO_SCRIPT,
    ]);
    expect(calls[0]?.headers.token).toBe(key ?? 'luaauth-graphql-check');
  });

  it('finds that the sandbox does not know a key', async () => {
    const { code, stdout } = await run(['check', ...withKey], { files: KEY });
    expect(code).toBe(1);
    expect(lines(stdout).at(-1)).toMatch(
      /^fail {2}Key {12}the sandbox does not know the key .* Set LUAAUTH_API_URL/,
    );
    expect(stdout).not.toContain(SECRET);
  });

  const failure = (message: string): Respond => {
    return (_call, response) => json(response, { success: false, error: { code: -1, message } });
  };
  const ANSWERS: [what: string, respond: Respond, fact: RegExp, advice: RegExp][] = [
    [
      'a web page',
      (_call, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /is not the LuaAuth API: it is not JSON \(HTTP 200\)/,
      /Set LUAAUTH_API_URL to the base URL/,
    ],
    [
      'a redirect',
      (_call, response) => void response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end(),
      /is not the LuaAuth API: it is a redirect \(HTTP 301\)/,
      /Set LUAAUTH_API_URL to the base URL/,
    ],
    ['no such endpoint', failure('invalid endpoint'), /has no scripts there/, /base URL of the API/],
    ['a failure of its own', failure('internal server error'), /says that it failed/, /in a minute/],
    ['a used-up quota', failure('ratelimited'), /the quota is used up/, /Wait a little/],
    [
      '503 of a proxy',
      (_call, response) => void response.writeHead(503).end('down'),
      /answers with 503: it is not available/,
      /in a minute/,
    ],
    [
      'a challenge of Cloudflare',
      (_call, response) => sendProxyPage(response, { status: 403, by: 'cloudflare' }),
      /Cloudflare in front of LuaAuth refuses this machine \(ray 8f1a2b3c4d5e6f70-FRA\)\./,
      /allow the address of this machine/,
    ],
    [
      '521 of Cloudflare',
      (_call, response) => sendProxyPage(response, { status: 521, by: 'cloudflare' }),
      /answers with 521: it is not available \(ray 8f1a2b3c4d5e6f70-FRA\)/,
      /in a minute/,
    ],
    [
      '524 of Cloudflare',
      (_call, response) => sendProxyPage(response, { status: 524, by: 'cloudflare' }),
      /LuaAuth did not answer in time \(HTTP 524\)/,
      /in a minute/,
    ],
    [
      'a broken connection',
      ({ socket }) => void socket.destroy(),
      /broke \((ECONNRESET|UND_ERR_SOCKET)\)/,
      /https:\/\//,
    ],
    ['nothing', () => undefined, /did not answer within 4000 ms/, /raise LUAAUTH_TIMEOUT_MS/],
  ];

  it.each(ANSWERS)('asks once and says what to do about %s', async (_what, respond, fact, advice) => {
    const recorder = await record(respond);
    const args = ['check', '--api-url', recorder.url, '--timeout-ms', timeLimit(fact), ...withKey];
    const { code, stdout, stderr } = await run(args, { files: KEY });
    expect([code, stderr]).toEqual([1, '']);
    const [, , finding = '', ...more] = lines(stdout);
    expect(more).toEqual([]);
    expect(finding).toMatch(/^fail {2}LuaAuth {8}/);
    expect(finding).toMatch(fact);
    expect(finding).toMatch(advice);
    expect(stdout).not.toContain(SECRET);
    expect(recorder.lines()).toEqual([NO_SCRIPT]);
  });

  const PLACES: [what: string, url: () => Promise<string>, fact: RegExp, advice: RegExp][] = [
    [
      'a closed port',
      async () => `http://127.0.0.1:${await freePort()}`,
      /nothing listens at/,
      /Check the host and the port/,
    ],
    [
      // A label of more than 63 characters never resolves, and no name server is asked.
      'a name without an address',
      async () => `https://${'a'.repeat(64)}.invalid`,
      /has no address \(ENOTFOUND\)/,
      /Check the spelling/,
    ],
    [
      'a port that speaks no TLS',
      async () => (await record(() => undefined)).url.replace('http:', 'https:'),
      /does not use TLS/,
      /begin LUAAUTH_API_URL with http:\/\//,
    ],
    [
      'a certificate that nobody vouches for',
      async () => `https://127.0.0.1:${await portOf(createTlsServer(selfSigned))}`,
      /certificate of 127\.0\.0\.1:\d+ is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
      /NODE_EXTRA_CA_CERTS/,
    ],
    [
      'a handshake that never ends',
      async () => `https://127.0.0.1:${await portOf(createServer())}`,
      /no connection to 127\.0\.0\.1:\d+ within 300 ms/,
      /firewall/,
    ],
  ];

  it.each(PLACES)('says what to do about %s', async (_what, url, fact, advice) => {
    const { code, stdout, stderr } = await run([
      'check',
      '--api-url',
      await url(),
      '--timeout-ms',
      timeLimit(fact),
    ]);
    expect([code, stderr]).toEqual([1, '']);
    expect(lines(stdout).at(-1)).toMatch(fact);
    expect(lines(stdout).at(-1)).toMatch(advice);
  });

  it('says that keys travel in the clear if that is allowed, and is refused otherwise', async () => {
    // No name server is asked for it.
    const args = ['check', '--api-url', `http://${'a'.repeat(64)}.invalid`, '--timeout-ms', '20000'];
    const refused = await run(args);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^ {2}--api-url: .* in the clear\. Begin it with https:\/\/, or set /m);
    const allowed = await run([...args, '--allow-insecure-api']);
    expect([allowed.code, allowed.stderr]).toEqual([1, '']);
    expect(lines(allowed.stdout).at(-1)).toMatch(
      /^note {2}Key {12}.* keys travel in the clear; ALLOW_INSECURE_API/,
    );
  });
});

/** Short where the time limit is what ends the check; else a busy machine has time enough. */
const timeLimit = (fact: RegExp) => / within (\d+) ms/.exec(fact.source)?.[1] ?? '20000';

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
