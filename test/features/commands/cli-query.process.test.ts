import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { freePort } from '../../support/network/free-port.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';

const SECRET = 'sentinel-key-7c1e';
const SANDBOX = 'Sandbox: made-up data. Nothing reaches LuaAuth.\n';

const { start, run, record } = useCommandLine();

describe('characters that a terminal obeys, or that swap what stands beside them,', () => {
  const UNSAFE = '\u009b31m\u202eevil\u2066\u200f\u007f';
  const ESCAPED = '\\u009b31m\\u202eevil\\u2066\\u200f\\u007f';
  const answerUnsafe: Respond = (_call, response) =>
    json(response, { success: true, script: { id: 'a', name: UNSAFE } });

  it('are escaped in the answer that query prints, which stays the same JSON', async () => {
    const { url } = await record(answerUnsafe);
    const files = { 'read.graphql': '{ script(id: "a") { name } }', key: 'of-mine' };
    const around = { files };
    const { stdout } = await run(['query', 'read.graphql', '--api-url', url, '--token-file', 'key'], around);
    expect(stdout).toBe(`{"data":{"script":{"name":"${ESCAPED}"}}}\n`);
    expect(JSON.parse(stdout)).toEqual({ data: { script: { name: UNSAFE } } });
  });

  it('are escaped in what check says', async () => {
    const { url } = await record(answerUnsafe);
    const args = ['check', '--api-url', url, '--token-file', 'key', '--script', 'a'];
    const { stdout } = await run(args, { files: { key: 'of-mine' } });
    expect(stdout).toContain(`it reads the script "${ESCAPED}".`);
  });

  it('are escaped in what keys check says of a file', async () => {
    const text = JSON.stringify({ keys: [{ name: 'a', scopes: [UNSAFE] }] });
    const { stderr } = await run(['keys', 'check', 'keys.json'], { files: { 'keys.json': text } });
    expect(stderr).toContain(`"${ESCAPED}", which is no scope`);
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

  it('prints the answer in one line', async () => {
    const { code, stdout, stderr } = await run(
      ['query', 'read.graphql', '--sandbox', '--variables', `{"id":"${id}"}`],
      {
        files: { 'read.graphql': READ },
      },
    );
    expect([code, stderr]).toEqual([0, SANDBOX]);
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

  it('reads files with a byte order mark, as editors on Windows write them', async () => {
    const { code, stdout } = await run(
      ['query', 'read.graphql', '--sandbox', '--variables', '@values.json'],
      {
        files: { 'read.graphql': `\uFEFF${READ}`, 'values.json': `\uFEFF{"id":"${id}"}` },
      },
    );
    expect([code, answered(stdout)]).toEqual([0, [{ data: { script: { name: 'Nightfall Hub' } } }]]);
  });

  it('refuses files in another encoding, whose letters would change without a sign', async () => {
    const around = {
      files: { a: EDIT },
      prepare: (cwd: string) => {
        writeFileSync(join(cwd, 'latin'), Buffer.from('{"input":{"name":"caf\xe9"}}', 'latin1'));
        writeFileSync(join(cwd, 'utf-16'), Buffer.from('\uFEFF{}', 'utf16le'));
      },
    };
    const problem = 'it is not UTF-8. Save the file as UTF-8. Give';
    for (const name of ['latin', 'utf-16']) {
      const asValues = await run(['query', 'a', '--variables', `@${name}`], around);
      expect([asValues.code, asValues.stderr]).toEqual([
        2,
        expect.stringContaining(`error: --variables: the file "${name}": ${problem} a JSON object`),
      ]);
      const asDocument = await run(['query', name, '--sandbox'], around);
      expect([asDocument.code, asDocument.stderr]).toEqual([
        1,
        expect.stringContaining(`${name}: ${problem}`),
      ]);
    }
  });

  it('says what is wrong with variables and an address, and does not repeat them', async () => {
    for (const [flag, value, problem] of [
      ['--variables', `{"key":"${SECRET}"`, 'error: --variables: the value is not JSON. Give'],
      ['--variables', `["${SECRET}"]`, 'error: --variables: the value is not a JSON object. Give'],
      [
        '--variables',
        `{"key":"${SECRET}","data":[{"n":-1e400}]}`,
        'error: --variables: the value: it has a number that is too large. Give numbers below 1.8e308, or send it as a string. Give',
      ],
      [
        '--variables',
        `{"key":"${SECRET}","data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        'error: --variables: the value: it has more than 1000 levels. Nest it less. Give',
      ],
      ['--variables', '@nowhere', 'error: --variables: the file "nowhere": it cannot be read (ENOENT). Give'],
      ['--url', `me:${SECRET}@127.0.0.1/graphql`, 'error: --url is not a URL. A URL begins with'],
    ] as const) {
      const { code, stdout, stderr } = await run(['query', 'a', flag, value]);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(problem)]);
      expect(stderr).not.toContain(SECRET);
    }
  });

  it('reads the document from stdin, and with --plan says what it may cost', async () => {
    const process = start(['query', '-', '--sandbox', '--plan', '--variables', '{"id":"a"}'], {
      input: READ,
    });
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
      '4 for a refusal in fragments',
      [
        'mutation ($input: EditScriptInput!) { ...Edit } fragment Edit on Mutation { ... { editScript(input: $input) { ... on Refusal { message } } } }',
        ...edit({ id: 'nope', name: 'New' }),
      ],
      4,
      { data: { editScript: { message: 'unauthorized or invalid request' } } },
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
    const { code, stdout } = await run(['query', 'a.graphql', '--sandbox', ...args], {
      files: { 'a.graphql': document },
    });
    expect(code).toBe(expected);
    expect(answered(stdout)).toMatchObject([answer]);
  });

  it('sends a mutation as it is written, and prints its answer without a report', async () => {
    const asked: unknown[] = [];
    const { url } = await record((call, response) => {
      asked.push([call.headers['x-upstream'], JSON.parse(call.body).query]);
      const writes = [{ mutation: 'editScript', path: ['edit'], result: 'NothingToEdit' }];
      const upstream = { calls: 0, stale: 0, coordination: 'lost', writes };
      json(response, { data: { edit: {} }, extensions: { upstream, trace: 1 } });
    });
    const files = { a: EDIT, b: 'mutation A { a } query B { __typename }' };
    const { code, stdout } = await run(['query', 'a', '--url', `${url}/graphql`], { files });
    expect([code, answered(stdout)]).toEqual([
      4,
      [{ data: { edit: {} }, extensions: { trace: 1, upstream: { coordination: 'lost' } } }],
    ]);
    await run(['query', 'b', '--operation', 'B', '--url', `${url}/graphql`], { files });
    expect(asked).toEqual([
      ['report', files.a],
      [undefined, files.b],
    ]);
  });

  it('keeps all digits of large integers, in the variables and in the answer', async () => {
    const bodies: string[] = [];
    const { url } = await record((call, response) => {
      bodies.push(call.body);
      response.end('{"data":{"said":{"big":12345678901234567891,"small":7}}}');
    });
    const args = ['query', 'a', '--url', url, '--variables', '{"data":[-98765432109876543210,1.5]}'];
    const { code, stdout } = await run(args, { files: { a: '{ said }' } });
    expect([code, stdout]).toEqual([0, '{"data":{"said":{"big":12345678901234567891,"small":7}}}\n']);
    expect(bodies).toEqual(['{"query":"{ said }","variables":{"data":[-98765432109876543210,1.5]}}']);
  });

  it('ends with 1 if an older gateway does not say whether a mutation was refused', async () => {
    const { url } = await record((_call, response) => json(response, { data: { edit: {} } }));
    const { code, stdout, stderr } = await run(['query', 'a', '--url', url], { files: { a: EDIT } });
    expect([code, answered(stdout)]).toEqual([1, [{ data: { edit: {} } }]]);
    expect(stderr).toContain('the gateway is older than this program');
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

  it('asks it with the gateway key where there is one, and never with the key of LuaAuth then', async () => {
    const recorder = await record((call, response) =>
      json(response, { data: { said: call.headers.authorization } }),
    );
    const variables = { LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: 'other-n7Yw3RtC90pL', GATEWAY_KEY: 'own-key' };
    const files = { a: '{ said }' };
    const { stdout } = await run(['query', 'a', '--url', `${recorder.url}/graphql`], { variables, files });
    expect(answered(stdout)).toEqual([{ data: { said: 'Bearer own-key' } }]);
    const alone = { variables: { GATEWAY_KEY: 'own-key' }, files };
    const inClear = await run(['query', 'a', '--url', 'http://gateway.invalid/graphql'], alone);
    expect(inClear.stderr).toContain('travel in the clear');
  });

  it('says why there is no answer, and ends with 1', async () => {
    const files = { a: '{ __typename }' };
    const page = await record((_call, response) => void response.writeHead(200).end('<html>'));
    for (const [args, problem] of [
      [['missing', '--sandbox'], /missing: it cannot be read \(ENOENT\)/],
      [['a', '--url', `http://127.0.0.1:${await freePort()}/graphql`], /no answer \(ECONNREFUSED\)/],
      [['a', '--url', page.url], /not the answer of a gateway/],
      [['/dev/zero', '--sandbox'], /\/dev\/zero: it is larger than \d+ bytes\. Give/],
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
    const url = `http://me:${SECRET}@127.0.0.1:${await freePort()}/graphql?key=${SECRET}`;
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
