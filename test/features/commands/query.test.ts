import { describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { json } from '../../support/api/recorder.ts';
import { useCommands } from '../../support/processes/commands-here.ts';

const SECRET = 'sentinel-key-7c1e';
const SANDBOX = 'Sandbox: made-up data. Nothing reaches LuaAuth.\n';

const { run, record } = useCommands();

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

describe('query', () => {
  it('prints the answer in one line', async () => {
    const { code, stdout, stderr } = await run(
      ['query', '--sandbox', 'read.graphql', '--variables', `{"id":"${id}"}`],
      { files: { 'read.graphql': READ } },
    );
    expect([code, stderr]).toEqual([0, SANDBOX]);
    expect(stdout).toBe('{"data":{"script":{"name":"Nightfall Hub"}}}\n');
  });

  it('asks the API that is configured, with the key that is', async () => {
    const { url, calls } = await record((_call, response) =>
      json(response, { success: true, script: { name: 'Recorded' } }),
    );
    const files = { 'read.graphql': READ, key: 'of-mine', 'values.json': '{"id":"a"}' };
    const args = [
      'query',
      'read.graphql',
      '--api-url',
      url,
      '--token-file',
      'key',
      '--variables',
      '@values.json',
    ];
    const { code, stdout, stderr } = await run(args, { files });
    expect([code, answered(stdout), stderr]).toEqual([0, [{ data: { script: { name: 'Recorded' } } }], '']);
    expect(calls.map(({ headers }) => headers.token)).toEqual(['of-mine']);
  });

  it('has nothing that only a gateway has: METRICS_SCRIPTS polls nothing', async () => {
    const { url, lines } = await record((_call, response) =>
      json(response, { success: true, script: { name: 'Recorded' }, sessions: [] }),
    );
    const { code } = await run(['query', 'a', '--api-url', url], {
      files: { a: `{ script(id: "${id}") { name } }` },
      variables: { LUAAUTH_TOKEN: 'of-mine', METRICS_SCRIPTS: id },
    });
    expect([code, lines()]).toEqual([0, [`GET /scripts/${id}`]]);
  });

  it.each([
    [[], /^LUAAUTH_API_URL: not set.* or give --sandbox/],
    [['--api-url', 'http://127.0.0.1:9'], /^LUAAUTH_TOKEN: not set.* Set LUAAUTH_TOKEN\.\n$/],
    [['--sandbox', '--api-url', 'http://127.0.0.1:9'], /--sandbox: true, but LUAAUTH_API_URL is set as well/],
  ])('needs an API and a key, or the sandbox: %j', async (args, problem) => {
    const { code, stdout, stderr } = await run(['query', 'a', ...args], { files: { a: '{ __typename }' } });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(problem);
  });

  it('prints no report, but the mark of an answer without coordination', async () => {
    const around = {
      files: { a: `{ script(id: "${id}") { name } }` },
      variables: { REDIS_URL: 'redis://127.0.0.1:9', LUAAUTH_INSTANCES: '2' },
    };
    const { code, stdout } = await run(['query', 'a', '--sandbox'], around);
    expect([code, answered(stdout)]).toEqual([
      0,
      [{ data: { script: { name: 'Nightfall Hub' } }, extensions: { upstream: { coordination: 'lost' } } }],
    ]);
  });

  it('escapes characters that a terminal obeys, and the answer stays the same JSON', async () => {
    const name = '\u009b31m\u202eevil\u2066\u200f\u007f';
    const { url } = await record((_call, response) => json(response, { success: true, script: { name } }));
    const around = { files: { a: '{ script(id: "a") { name } }' }, variables: { LUAAUTH_TOKEN: 'of-mine' } };
    const { stdout } = await run(['query', 'a', '--api-url', url], around);
    expect(stdout).toBe('{"data":{"script":{"name":"\\u009b31m\\u202eevil\\u2066\\u200f\\u007f"}}}\n');
    expect(JSON.parse(stdout)).toEqual({ data: { script: { name } } });
  });

  it('reads files with a byte order mark, as editors on Windows write them', async () => {
    const files = { 'read.graphql': `\uFEFF${READ}`, 'values.json': `\uFEFF{"id":"${id}"}` };
    const { code } = await run(['query', 'read.graphql', '--sandbox', '--variables', '@values.json'], {
      files,
    });
    expect(code).toBe(0);
  });

  it.each([
    ['Latin 1', Buffer.from('{"input":{"name":"caf\xe9"}}', 'latin1')],
    ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le')],
  ])('refuses files in %s, whose letters would change without a sign', async (_what, content) => {
    const around = { files: { a: EDIT, b: content } };
    const problem = 'it is not UTF-8. Save the file as UTF-8. Give';
    const asValues = await run(['query', 'a', '--variables', '@b'], around);
    expect([asValues.code, asValues.stderr]).toEqual([2, expect.stringContaining(problem)]);
    const asDocument = await run(['query', 'b', '--sandbox'], around);
    expect([asDocument.code, asDocument.stderr]).toEqual([1, expect.stringContaining(`b: ${problem}`)]);
  });

  it.each([
    [`{"key":"${SECRET}"`, 'error: --variables: the value: it is not JSON. Give'],
    [`["${SECRET}"]`, 'error: --variables: the value: it is not a JSON object. Give'],
    [`{"key":"${SECRET}","n":-1e400}`, 'error: --variables: the value: it has a number that is too large.'],
    [`{"key":"${SECRET}","n":${'['.repeat(2_000)}${']'.repeat(2_000)}}`, 'it has more than 1000 levels'],
    ['@nowhere', 'error: --variables: the file "nowhere": it cannot be read (ENOENT). Give'],
  ])('says what is wrong with variables, and does not repeat them', async (value, problem) => {
    const { code, stdout, stderr } = await run(['query', 'a', '--variables', value]);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(problem)]);
    expect(stderr).not.toContain(SECRET);
  });

  it.each([
    [['--each', 'a'], 'error: --each needs --output FILE'],
    [['--resume'], 'error: --output, --resume, --repeat-unknown and --dry-run need --each ROWS'],
  ])('says what a flag needs: %j', async (args, problem) => {
    const { code, stdout, stderr } = await run(['query', 'a', ...args], { files: { a: READ } });
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(problem)]);
  });

  it('reads the document from stdin, and with --plan prints what it may cost, without a key', async () => {
    const args = ['query', '-', '--api-url', 'http://127.0.0.1:9', '--plan', '--variables', '{"id":"a"}'];
    const { code, stdout } = await run(args, { input: READ });
    expect([code, answered(stdout)]).toMatchObject([
      0,
      [
        {
          data: null,
          extensions: { upstream: { price: 1, plan: [{ endpoint: 'GET /scripts/:script_id', calls: 1 }] } },
        },
      ],
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
      '4 for a refusal in fragments',
      [
        'mutation ($input: EditScriptInput!) { ...Edit } fragment Edit on Mutation { ... { editScript(input: $input) { __typename } } }',
        ...edit({ id: 'nope', name: 'New' }),
      ],
      4,
      { data: { editScript: { __typename: 'NotPermitted' } } },
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
    const files = { 'a.graphql': document };
    const { code, stdout } = await run(['query', 'a.graphql', '--sandbox', ...args], { files });
    expect([code, answered(stdout)]).toMatchObject([expected, [answer]]);
  });

  it('prints the answer of a mutation without the report', async () => {
    const args = ['query', 'a', '--sandbox', ...edit({ name: 'New' })];
    const { stdout } = await run(args, { files: { a: EDIT } });
    expect(stdout).toBe('{"data":{"edit":{}}}\n');
  });

  it('keeps all digits of large integers, in the variables and in the answer', async () => {
    const bodies: string[] = [];
    const { url } = await record((call, response) => {
      bodies.push(call.body);
      response.end('{"success":true,"processed":true,"response":{"big":12345678901234567891,"small":7}}');
    });
    const document =
      'mutation ($data: JSON) { messageSession(input: { id: "a", handler: "b", data: $data }) { ... on MessageDelivered { response } } }';
    const around = { files: { a: document }, variables: { LUAAUTH_TOKEN: 'of-mine' } };
    const args = ['query', 'a', '--api-url', url, '--variables', '{"data":[-98765432109876543210,1.5]}'];
    const { code, stdout } = await run(args, around);
    expect([code, stdout]).toEqual([
      0,
      '{"data":{"messageSession":{"response":{"big":12345678901234567891,"small":7}}}}\n',
    ]);
    expect(bodies).toEqual([expect.stringContaining('[-98765432109876543210,1.5]')]);
  });

  it.each([
    ['missing', /^missing: it cannot be read \(ENOENT\)/],
    ['/dev/zero', /^\/dev\/zero: it is larger than \d+ bytes\. Give/],
  ])('says why a document cannot be read: %s', async (path, problem) => {
    const { code, stdout, stderr } = await run(['query', path, '--sandbox']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(problem);
  });
});
