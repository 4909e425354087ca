import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { ask } from '../support/clients/json-post.ts';
import type { Variables } from '../support/processes/process.ts';
import { startOnTerminal } from '../support/processes/terminal.ts';
import { needing } from '../support/processes/tools.ts';
import { textOf } from '../support/repository/repository.ts';
import { eventually } from '../support/vitest/waiting.ts';
import { NAME, statusOf, useProcesses } from './processes.ts';

const { version } = JSON.parse(textOf('package.json'));

const OTHER = '{ script(id: "other") { name } }';

const processes = useProcesses();
const { start, startOverRecorder } = processes;

/** The credential that the GraphiQL page asks for, the first content of its field, and the number of tabs. */
async function graphiqlOf(url: string) {
  const response = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
  const html = await response.text();
  const [, options] = /<script type="application\/json" id="page-options">(.*)<\/script>/.exec(html) ?? [];
  if (options === undefined) return undefined;
  const { tabs, credential, note } = JSON.parse(options);
  const { header, prefix, publicKey } = credential ?? {};
  return { header, prefix, publicKey, note, tabs: tabs.length };
}

it('a runtime whose undici sends nothing is refused at the start', async () => {
  // As Bun tells of itself.
  const asBun = "Object.defineProperty(process.versions, 'bun', { value: '1.4.5' })";
  const gateway = start({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(asBun)}` });
  expect(await gateway.ended).toBe(1);
  expect(gateway.output).toEqual({
    stdout: '',
    stderr:
      "Bun 1.4.5 is not supported: its undici module cannot send the gateway's requests. Run it with Node 20.19 or newer, or with Deno.\n",
  });
});

describe('the process', () => {
  it('without any configuration runs over the sandbox, and says so in a line of JSON', async () => {
    const gateway = start();
    const url = await gateway.listening();
    const lines = gateway.output.stdout.split('\n').map((line) => line && JSON.parse(line));
    // The level and the time in the form that collectors of logs read.
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        pid: expect.any(Number),
        hostname: expect.any(String),
        version,
        url: `${url}/graphql`,
        mode: 'sandbox',
        sandboxKey: 'sandbox-key',
        msg: 'started',
      },
      '',
    ]);
    expect(new Date(lines[0].time).getFullYear()).toBeGreaterThan(2025);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await ask(url, NAME)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    expect(await graphiqlOf(url)).toEqual({
      header: 'token',
      prefix: '',
      publicKey: 'sandbox-key',
      note: 'Sandbox: made-up data, nothing reaches LuaAuth.',
      tabs: 8,
    });
    expect(gateway.output.stderr).toBe('');
  });

  it('in production, over an API, has no GraphiQL page and lives through unhandled failures and a lost API', async () => {
    const failing = "process.on('SIGUSR2', () => Promise.reject(new Error('nobody waits')))";
    const { gateway, url } = await startOverRecorder({
      NODE_ENV: 'production',
      METRICS_PORT: '0',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(failing)}`,
    });
    expect(JSON.parse(gateway.output.stdout)).toMatchObject({
      mode: 'live',
      apiUrl: processes.recorder.url,
      metricsUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/),
    });
    gateway.signal('SIGUSR2');
    await eventually(() => expect(gateway.output.stdout).toContain('nobody waits'));
    expect(await graphiqlOf(url)).toBeUndefined();
    expect([await statusOf(`${url}/health`), await statusOf(`${url}/readiness`)]).toEqual([200, 200]);
    expect(processes.recorder.calls).toEqual([]);
    expect(await ask(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    await processes.recorder.close();
    expect(await ask(url, OTHER)).toMatchObject({ errors: [expect.toBeError('UPSTREAM_UNAVAILABLE')] });
    expect(await statusOf(`${url}/health`)).toBe(200);
  });

  it('says that an address is taken, and ends with 1', async () => {
    const { port } = new URL(processes.recorder.url);
    const gateway = start({ PORT: port });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toEqual({
      stdout: '',
      stderr: `Cannot listen on 127.0.0.1:${port} (EADDRINUSE), because a program listens there: stop it, or set HOST and PORT to a free address.\n`,
    });
  });
});

describe('the process on a terminal', needing('script of util-linux'), () => {
  async function openTerminal(variables: Variables, shown = 'Live API') {
    const terminal = startOnTerminal({ PORT: '0', ...variables });
    processes.closing.push(terminal.kill);
    await eventually(() => expect(terminal.lines().join()).toContain(shown));
    const [, url = ''] = /GraphQL {3}(http\S+)\/graphql/.exec(terminal.lines().join()) ?? [];
    return { terminal, url };
  }

  it('says where it runs, with which key and how to go live, and when it stops', async () => {
    const { terminal, url } = await openTerminal({});
    const [, header = '', key = ''] = /header "(\w+): (\S+)"/.exec(terminal.lines().join()) ?? [];
    expect(await ask(url, NAME, { [header]: key })).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    terminal.signal('SIGTERM');
    expect(await terminal.ended).toBe(0);
    const shown = terminal.lines().map((line) => (line.startsWith('{') ? JSON.parse(line) : line));
    expect(shown).toEqual([
      `luaauth-graphql ${version}`,
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql  (open it in a browser for GraphiQL)`,
      '  Key       send the header "token: sandbox-key"',
      `  Try       { script(id: "${seeded.scriptId}") { name enabled } }`,
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
      expect.objectContaining({ msg: 'operation', operationType: 'query', status: 200 }),
      expect.objectContaining({ msg: 'stopping', signal: 'SIGTERM' }),
      expect.objectContaining({ msg: 'stopped' }),
      '',
    ]);
  });

  it('says whose key is sent when it holds one', async () => {
    const { terminal } = await openTerminal({
      LUAAUTH_TOKEN: 'sandbox-key',
      GATEWAY_KEYS: 'team-a-Vd8sK2mQ41xZ',
    });
    expect(terminal.lines()).toContain(
      '  Key       send the header "authorization: Bearer <gateway key>"; the gateway sends LUAAUTH_TOKEN; the sandbox knows sandbox-key',
    );
  });
});
