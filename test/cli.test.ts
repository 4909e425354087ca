import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { VARIABLE_NAMES, VARIABLES, type Variable } from '../src/config/env-variables.ts';
import { FLAGS } from '../src/config/flags.ts';
import { VARIABLE_GROUPS } from '../src/config/variable-groups.ts';
import { seeded } from '../src/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { type GatewayProcess, startProcess, type Variables } from './support/process.ts';
import { json, type Respond, startRecorder } from './support/recorder.ts';
import { selfSigned } from './support/self-signed.ts';

// Each command is a process of its own, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 });

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const SECRET = 'sentinel-key-7c1e';
const NO_SCRIPT = 'GET /scripts/luaauth-graphql-check';

const started: GatewayProcess[] = [];
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.kill()));
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Around {
  readonly variables?: Variables;
  /** Name and content of what lies in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** What stands on stdin. */
  readonly input?: string;
}

function start(args: readonly string[], { variables = {}, files = {}, input }: Around = {}): GatewayProcess {
  const write = (cwd: string) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  };
  const process = startProcess(variables, write, args, 'pipe', input);
  started.push(process);
  return process;
}

/** Runs a command to its end. */
async function run(args: readonly string[], around?: Around) {
  const process = start(args, around);
  return { code: await process.ended, ...process.output };
}

async function record(respond: Respond) {
  const recorder = await startRecorder(respond);
  closing.push(recorder.close);
  return recorder;
}

async function sandboxed(): Promise<Sandbox> {
  const sandbox = await startSandbox();
  closing.push(sandbox.close);
  return sandbox;
}

describe('--help', () => {
  it('tells of every command and every exit code', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of ['serve', 'schema', 'check', 'query', 'sandbox']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(stdout).toMatch(/^Exit codes:\n {2}0 .+\n {2}1 .+\n {2}2 .+\n {2}3 .+\n {2}4 .+$/m);
  });

  it('lists every variable as a flag of serve, check and query, with its meaning and its default', async () => {
    const flags = FLAGS.map(({ name, variable, meaning, byDefault }) => {
      const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
      return { name, description: `${meaning} (${facts})` };
    });
    expect(flags.map(({ name }) => name)).toEqual(expect.arrayContaining(['port', 'api-url', 'token-file']));
    for (const command of ['serve', 'check', 'query']) {
      const { code, stdout } = await run([command, '--help']);
      const shown = stdout.replaceAll(/\s+/g, ' ');
      expect(code).toBe(0);
      for (const { name } of flags) expect(shown).toContain(`--${name} `);
      for (const { description } of flags) expect(shown).toContain(description);
    }
  });

  it('puts every flag into a group, and every variable into one group only', async () => {
    const grouped = VARIABLE_GROUPS.flatMap(({ names }) => names);
    expect([...grouped].sort()).toEqual(Object.keys(VARIABLES).sort());
    const { stdout } = await run(['serve', '--help']);
    const headings = [...stdout.matchAll(/^(\w.*):$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...VARIABLE_GROUPS.map(({ title }) => title), 'Options']);
    for (const part of stdout.split(/^(?=\w.*:$)/m).slice(1)) {
      const inGroup = FLAGS.filter(({ group }) => part.startsWith(`${group}:`));
      const shown = [...part.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
      expect(shown).toEqual(inGroup.map(({ name }) => name));
    }
  });

  it.each([[], ['serve'], ['check'], ['query'], ['schema'], ['keys'], ['keys', 'new'], ['sandbox']])(
    'has no line of more than 80 columns: %s %s',
    async (...command) => {
      const { stdout } = await run([...command, '--help']);
      expect(stdout).toContain('Usage: luaauth-graphql');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it('has a flag for each variable, but none that would show a secret', () => {
    const secrets = Object.entries<Variable>(VARIABLES).flatMap(([name, { secret }]) =>
      secret === true ? [name] : [],
    );
    const withFlag = VARIABLE_NAMES.filter((name) => name !== 'NODE_ENV' && !secrets.includes(name));
    expect(secrets).toEqual(expect.arrayContaining(['LUAAUTH_TOKEN', 'GATEWAY_KEYS']));
    expect(FLAGS.map(({ variable }) => variable)).toEqual(withFlag);
  });
});

describe('a reader that leaves', () => {
  it.each([['--help'], ['serve', '--help'], ['schema'], ['check']])(
    'does not make %s %s fail',
    async (...args) => {
      const process = start(args.filter((arg) => arg !== undefined));
      // Long before the first line.
      process.stopReading();
      expect([await process.ended, process.output.stderr]).toEqual([0, '']);
    },
  );
});

it.each(['--version', '-v'])('%s prints the version', async (flag) => {
  expect(await run([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('a command line that is wrong', () => {
  it.each([
    [['shcema'], "unknown command 'shcema'", 'Did you mean schema?'],
    [['--prot', '1'], "unknown option '--prot'", 'Did you mean --port?'],
    [['serve', '--red-only'], "unknown option '--red-only'", 'Did you mean --read-only?'],
    [['check', '--token-fil=x'], "unknown option '--token-fil=x'", 'Did you mean --token-file?'],
    [['schema', '--federaton'], "unknown option '--federaton'", 'Did you mean --federation?'],
    [['serve', '--token', SECRET], '--token would show the key', 'Give --token-file, or set LUAAUTH_TOKEN'],
    [[`--gateway-keys=${SECRET}`], '--gateway-keys would show the key', 'Give --gateway-keys-file'],
    [[`--redis-url=redis://me:${SECRET}@cache`], '--redis-url with a password', 'Give --redis-url-file'],
    [['serve', '--port'], "option '--port <value>' argument missing", ''],
    [['serve', 'twice'], "too many arguments for 'serve'", ''],
    [['query'], "missing required argument 'file'", ''],
    [['query', '-', '--variables', '[1]'], 'Give an object of JSON, or @ and the path', ''],
    [['query', '-', '--variables', '@nowhere'], 'Give an object of JSON, or @ and the path', ''],
    [['query', '-', '--url', '127.0.0.1:4000'], 'A URL begins with http:// or https://.', ''],
    [['check', '--script', '..'], "'..' is invalid. An id is 1 to 128 letters", ''],
    [['check', '--script', 'a'], '--script needs a key to read with', 'Give --token-file'],
  ])('%j ends with 2, says why and suggests the near one', async (args, problem, suggestion) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(problem);
    expect(stderr).toContain(suggestion);
    expect(stderr).not.toContain(SECRET);
  });
});

describe('a flag', () => {
  const READ_ONLY = '{ __schema { mutationType { name } } }';

  async function ask(url: string, query: string) {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return response.json();
  }

  it('wins over the environment, which wins over .env', async () => {
    const recorder = await record((_call, response) => json(response, { success: true, script: {} }));
    const gateway = start(['--port', '0', '--api-url', recorder.url, '--token-file', 'token'], {
      variables: { PORT: 'nonsense', READ_ONLY: 'true', LUAAUTH_TOKEN: 'of-the-environment' },
      files: {
        '.env': 'PORT=80\nREAD_ONLY=nonsense\nLUAAUTH_API_URL=nonsense\nLOG_LEVEL=silent\n',
        token: 'of-the-file\n',
      },
    });
    const url = await gateway.listening();
    expect(await ask(url, READ_ONLY)).toEqual({ data: { __schema: { mutationType: null } } });
    await ask(url, '{ script(id: "a") { name } }');
    expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['of-the-file']);
  });

  it.each([
    ['without a value is on', ['--read-only'], null],
    ['with a value has that', ['--read-only', 'false'], { name: 'Mutation' }],
    ['with no- before it is off', ['--no-read-only'], { name: 'Mutation' }],
  ])('that is a switch %s', async (_how, args, mutationType) => {
    const gateway = start([...args, '--port=0'], { variables: { READ_ONLY: args.length > 1 ? 'true' : '' } });
    expect(await ask(await gateway.listening(), READ_ONLY)).toEqual({ data: { __schema: { mutationType } } });
  });

  it('that is malformed is told as a flag, with all other problems, before anything heavy is loaded', async () => {
    const { code, stdout, stderr } = await run(['--port', 'x', '--token-file', 'token', '--rate=-1'], {
      variables: { LOG_LEVEL: 'loud' },
      files: { token: `${SECRET} ${SECRET}` },
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n')).toEqual([
      'The configuration has problems:',
      '  LUAAUTH_TOKEN: the given value (not shown) is not 1 to 512 visible ASCII characters without spaces.',
      '  --port: "x" is not a whole number from 0 to 65535 (0: any free port).',
      '  --rate: "-1" is not requests per second, a whole number from 0 to 100000 (0: no limit).',
      '  LOG_LEVEL: "loud" is not one of trace, debug, info, warn, error, fatal, silent.',
      '',
    ]);
    const loaded = packagesBehind('cli/program.ts');
    expect(loaded).toContain('commander');
    const heavy = (name: string) =>
      /^(@pothos|@apollo|@opentelemetry|undici|pino|prom-client|dataloader)/.test(name);
    expect(loaded.filter(heavy)).toEqual([]);
  });
});

describe('schema', () => {
  it.each([
    ['as clients see it', [], 'schema.graphql'],
    ['as a federation router is told', ['--federation'], 'subgraph.graphql'],
  ])('prints it %s', async (_how, args, file) => {
    const { code, stdout, stderr } = await run(['schema', ...args]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(readFileSync(new URL(`../schema/${file}`, import.meta.url), 'utf8'));
    expect(stdout).toContain('type Script');
    if (args.length === 0) expect(buildSchema(stdout).getType('Script')).toBeDefined();
  });
});

describe('sandbox', () => {
  it('listens on --port, which wins over SANDBOX_PORT', async () => {
    const process = start(['sandbox', '--port', '0'], { variables: { SANDBOX_PORT: 'nonsense' } });
    await vi.waitFor(() => expect(process.output.stdout).toContain('LuaAuth sandbox on http'), {
      timeout: 30_000,
    });
    const [, url = ''] = /LuaAuth sandbox on (\S+)/.exec(process.output.stdout) ?? [];
    const answer = await fetch(`${url}/scripts/${seeded.scriptId}`, { headers: { token: 'sandbox-key' } });
    expect(await answer.json()).toMatchObject({ success: true });
    process.signal('SIGTERM');
    expect(await process.ended).toBe(0);
  });
});

describe('query', () => {
  const id = seeded.scriptId;
  const READ = 'query Read($id: ID!) { script(id: $id) { name } }';
  const EDIT =
    'mutation ($input: EditScriptInput!) { edit: editScript(input: $input) { ... on Refusal { message } } }';
  const edit = (input: object) => ['--variables', JSON.stringify({ input: { id, ...input } })];
  const answered = (stdout: string) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));

  it('prints the answer in one line, over the sandbox as long as there is no API', async () => {
    const { code, stdout, stderr } = await run(['query', 'read.graphql', '--variables', `{"id":"${id}"}`], {
      files: { 'read.graphql': READ },
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe('{"data":{"script":{"name":"Nightfall Hub"}}}\n');
  });

  it('asks the API that is configured, with the key that is', async () => {
    const recorder = await record((_call, response) =>
      json(response, { success: true, script: { name: 'Recorded' } }),
    );
    const { code, stdout } = await run(
      [
        'query',
        'read.graphql',
        '--api-url',
        recorder.url,
        '--token-file',
        'key',
        '--variables',
        '@values.json',
      ],
      { files: { 'read.graphql': READ, key: 'of-mine', 'values.json': '{"id":"a"}' } },
    );
    expect([code, answered(stdout)]).toEqual([0, [{ data: { script: { name: 'Recorded' } } }]]);
    expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['of-mine']);
  });

  it('reads the document from stdin, and with --plan says what it may cost', async () => {
    const process = start(['query', '-', '--plan', '--variables', '{"id":"a"}'], { input: READ });
    expect(await process.ended).toBe(0);
    expect(answered(process.output.stdout)).toEqual([
      {
        data: null,
        extensions: {
          upstream: {
            price: 1,
            limit: 250,
            objects: 1,
            objectsLimit: 20_000,
            plan: [{ endpoint: 'GET /scripts/:script_id', calls: 1 }],
          },
        },
      },
    ]);
  });

  it.each([
    ['0 for a success', [EDIT, ...edit({ name: 'New' })], 0, { data: { edit: {} } }],
    [
      '4 for a refusal, whether its type was selected or not',
      [EDIT, ...edit({ id: 'nope', name: 'New' })],
      4,
      { data: { edit: { message: 'unauthorized or invalid request' } } },
    ],
    [
      '4 with the type where it was selected',
      [EDIT.replace('{ ...', '{ __typename ...'), ...edit({})],
      4,
      {
        data: {
          edit: { __typename: 'NothingToEdit', message: expect.stringMatching(/^cannot edit nothing/) },
        },
      },
    ],
    ['3 for an error', ['{ script(id: "nope") { name } }'], 3, { errors: [{}], data: { script: null } }],
    ['3 for a document that is wrong', ['{ nothing'], 3, { errors: [{}] }],
    [
      '3 for the operation that is missing among several',
      ['query A { __typename } query B { __typename }', '--operation', 'C'],
      3,
      { errors: [{}] },
    ],
  ])('ends with %s', async (_what, [document = '', ...args], expected, answer) => {
    const { code, stdout } = await run(['query', 'a.graphql', ...args], { files: { 'a.graphql': document } });
    expect(code).toBe(expected);
    expect(answered(stdout)).toMatchObject([answer]);
  });

  it('asks a gateway that runs, with the key as its Bearer', async () => {
    const recorder = await record((call, response) =>
      json(response, { data: { said: [call.headers.authorization, JSON.parse(call.body)] } }),
    );
    const around = { variables: { NODE_ENV: 'production', LUAAUTH_TOKEN: SECRET }, files: { a: '{ said }' } };
    const { code, stdout } = await run(['query', 'a', '--url', `${recorder.url}/graphql`], around);
    expect([code, answered(stdout)]).toEqual([
      0,
      [{ data: { said: [`Bearer ${SECRET}`, { query: '{ said }' }] } }],
    ]);
    const inClear = await run(['query', 'a', '--url', 'http://gateway.invalid/graphql'], around);
    expect([inClear.code, inClear.stdout]).toEqual([1, '']);
    expect(inClear.stderr).toContain('travel in the clear');
  });

  it('says why there is no answer, and ends with 1', async () => {
    const files = { a: '{ __typename }' };
    const page = await record((_call, response) => void response.writeHead(200).end('<html>'));
    for (const [args, problem] of [
      [['missing'], /^missing: it cannot be read \(ENOENT\)/],
      [['a', '--url', `http://127.0.0.1:${await closedPort()}/graphql`], /no answer \(ECONNREFUSED\)/],
      [['a', '--url', page.url], /not the answer of a gateway/],
      [['/dev/zero'], /^\/dev\/zero: it is larger than \d+ bytes\. Give/],
    ] as const) {
      const { code, stdout, stderr } = await run(['query', ...args], { files });
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(problem);
    }
  });

  it('sends nothing to where a gateway redirects to, and no password of a URL to stderr', async () => {
    const other = await record((_call, response) => json(response, { data: {} }));
    const around = { variables: { LUAAUTH_TOKEN: SECRET }, files: { a: '{ __typename }' } };
    for (const status of [302, 307]) {
      const here = await record((_call, response) => {
        response.writeHead(status, { location: other.url.replace('127.0.0.1', 'localhost') }).end();
      });
      const { code, stdout, stderr } = await run(['query', 'a', '--url', here.url], around);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('redirects elsewhere');
      expect(here.calls).toHaveLength(1);
    }
    expect(other.calls).toHaveLength(0);
    const url = `http://me:${SECRET}@127.0.0.1:${await closedPort()}/graphql?key=${SECRET}`;
    const withUser = await run(['query', 'a', '--url', url], around);
    expect(withUser).toMatchObject({ code: 2, stderr: expect.stringContaining('--url has a user') });
    const withKey = await run(['query', 'a', '--url', url.replace(/me:.*@/, '')], around);
    expect(withKey).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
    expect(withUser.stderr + withKey.stderr).not.toContain(SECRET);
  });

  it('waits for no answer that never ends, and keeps none that is too large', async () => {
    const files = { a: '{ __typename }' };
    const ask = async (respond: Respond, ...args: string[]) => {
      const { url } = await record(respond);
      return run(['query', 'a', '--url', url, ...args], { files });
    };
    const [slow, large, without] = await Promise.all([
      ask((_call, response) => void response.writeHead(200).write('{'), '--operation-timeout-ms', '1'),
      ask((_call, response) => {
        const megabyte = Buffer.alloc(1024 * 1024, ' ');
        for (let sent = 0; sent < 65; sent++) response.write(megabyte);
        response.end();
      }),
      ask((_call, response) => json(response, { data: { a: 1 }, errors: null })),
    ]);
    expect(slow).toMatchObject({ code: 1, stderr: expect.stringContaining('no answer in 5001 ms') });
    expect(large).toMatchObject({ code: 1, stderr: expect.stringContaining('the answer is larger than') });
    expect(without).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('check', () => {
  const lines = (stdout: string) =>
    stdout
      .replaceAll(/\n {10,}/g, ' ')
      .trimEnd()
      .split('\n');
  const KEY = { token: `${SECRET}\n` };
  const withKey = ['--token-file', 'token'];

  it('of no configuration at all tells of the sandbox, and ends with 0', async () => {
    const { code, stdout, stderr } = await run(['check']);
    expect([code, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toEqual([
      `luaauth-graphql ${version}`,
      'ok    Configuration  it is complete and consistent.',
      'note  LuaAuth        LUAAUTH_API_URL is not set: the built-in sandbox answers, with made-up data. Set LUAAUTH_API_URL=https://api.luaauth.com to go live.',
      'ok    Key            the gateway holds none: each caller sends their own.',
    ]);
  });

  it('in production asks the sandbox only when that is insisted on', async () => {
    const around = { variables: { NODE_ENV: 'production' } };
    const { code, stdout, stderr } = await run(['check'], around);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/LUAAUTH_API_URL: not set, and NODE_ENV is production: made-up data/);
    const insisted = await run(['check', '--sandbox'], around);
    expect([insisted.code, insisted.stderr]).toEqual([0, '']);
    expect(insisted.stdout).toContain('made-up data');
  });

  it('finds that the sandbox does not know a key', async () => {
    const { code, stdout } = await run(['check', ...withKey], { files: KEY });
    expect(code).toBe(1);
    expect(lines(stdout).at(-1)).toMatch(
      /^fail {2}Key {12}the sandbox does not know the key .* Set LUAAUTH_API_URL/,
    );
    expect(stdout).not.toContain(SECRET);
  });

  it('of a configuration with problems tells them like serve, and asks nothing', async () => {
    const { url, calls } = await sandboxed();
    const { code, stdout, stderr } = await run(['check', '--api-url', url, '--port', 'x']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The configuration has problems:\n {2}--port: "x" is not /);
    expect(calls).toEqual([]);
  });

  it('asks once, for what cannot exist, and shows no key of anybody', async () => {
    const { url, calls } = await sandboxed();
    const { code, stdout } = await run(['check', '--api-url', url]);
    expect(code).toBe(0);
    expect(lines(stdout).slice(2)).toEqual([
      `ok    LuaAuth        it answers at ${url}/.`,
      'ok    Key            the gateway holds none: each caller sends their own.',
    ]);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([NO_SCRIPT]);
    expect(calls[0]?.headers.token).toBe('luaauth-graphql-check');
  });

  it('does not claim to know whether a key is accepted', async () => {
    const { url, calls } = await sandboxed();
    const { code, stdout } = await run(['check', '--api-url', url, ...withKey], { files: KEY });
    expect(code).toBe(0);
    expect(lines(stdout).at(-1)).toBe(
      'note  Key            the key was sent, but whether LuaAuth accepts it is not known: it refuses an unknown key and an unknown script alike. Give --script the id of a script of yours to find out.',
    );
    expect(stdout).not.toContain(SECRET);
    expect(calls.map(({ headers }) => headers.token)).toEqual([SECRET]);
  });

  it('with a script of the account shows that the key is accepted', async () => {
    const { url, calls } = await sandboxed();
    const { code, stdout } = await run(['check', '--api-url', url, ...withKey, '--script', seeded.scriptId], {
      files: { token: 'sandbox-key' },
    });
    expect(code).toBe(0);
    expect(lines(stdout).at(-1)).toBe('ok    Key            accepted: it reads the script "Nightfall Hub".');
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET /scripts/${seeded.scriptId}`]);
  });

  it('with a script says that it was refused, and what that can mean', async () => {
    const { url } = await sandboxed();
    const { code, stdout } = await run(['check', '--api-url', url, ...withKey, '--script', seeded.scriptId], {
      files: KEY,
    });
    expect(code).toBe(1);
    expect(lines(stdout).at(-1)).toMatch(
      /^fail {2}Key {12}LuaAuth refused to read \w+: "unauthorized or invalid request"\. Either .+ it does not say which\. Compare/,
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
      'a broken connection',
      ({ socket }) => void socket.destroy(),
      /broke \((ECONNRESET|UND_ERR_SOCKET)\)/,
      /https:\/\//,
    ],
    ['nothing', () => undefined, /did not answer within 300 ms/, /raise LUAAUTH_TIMEOUT_MS/],
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
      async () => `http://127.0.0.1:${await closedPort()}`,
      /nothing listens at/,
      /are right/,
    ],
    [
      // A label of more than 63 characters never resolves, and no name server is asked.
      'a name without an address',
      async () => `https://${'a'.repeat(64)}.invalid`,
      /has no address \(ENOTFOUND\)/,
      /spelt right/,
    ],
    [
      'a port that speaks no TLS',
      async () => (await record(() => undefined)).url.replace('http:', 'https:'),
      /does not speak TLS/,
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

  it('says that keys travel in the clear where that is allowed, and else does not begin', async () => {
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
const timeLimit = (fact: RegExp) => (fact.source.includes('300 ms') ? '300' : '20000');

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

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** The packages that a source file loads as soon as it is imported, through our own files. */
function packagesBehind(entry: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: URL) => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(
      /^(?:import|export)\b(?! type\b)(?:[^'";]*\bfrom)? *'([^']+)'/gm,
    )) {
      if (name.startsWith('.')) visit(new URL(name, file));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  visit(new URL(`../src/${entry}`, import.meta.url));
  return [...packages];
}
