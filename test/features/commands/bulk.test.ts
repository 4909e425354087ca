import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { sendProxyPage } from '../../../src/features/sandbox/faults.ts';
import { json, type Recorded, type Respond } from '../../support/api/recorder.ts';
import { useCommands } from '../../support/processes/commands-here.ts';

const { run, record, file, at } = useCommands();

const textOf = (name: string) => readFileSync(at(name), 'utf8');
const linesOf = (text: string) => text.split('\n').filter(Boolean);
interface Line {
  readonly row: number;
  readonly line: number;
  readonly status?: string;
  readonly sent?: string;
  readonly problem?: string;
}
const results = (name = 'out.jsonl'): Line[] => linesOf(textOf(name)).map((line) => JSON.parse(line));
const statuses = () => results().map(({ status }) => status);
const lastLine = (stderr: string) => stderr.trimEnd().split('\n').at(-1);

const EDIT =
  'mutation ($key: ID!, $note: String) { editUser(input: { key: $key, note: $note }) { __typename } }';
const rowsOf = (keys: readonly string[]) => ['key,note', ...keys.map((key) => `${key},hello`)].join('\n');
const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `k${index + 1}`);
const keyOf = ({ line }: Pick<Recorded, 'line'>) => line.split('/')[2] ?? '';
const isProof = ({ line }: Pick<Recorded, 'line'>) => line === 'GET /ads/systems';

/** An API that accepts the key, and the keys of the calls that reached it after that. */
async function openApi(respond: Respond) {
  const api = await record((call, response) =>
    isProof(call) ? json(response, { success: true, systems: [] }) : respond(call, response),
  );
  return { ...api, keys: () => api.calls.filter((call) => !isProof(call)).map(keyOf) };
}

const down = (response: ServerResponse) =>
  void response.writeHead(521, { server: 'cloudflare' }).end('<html>');
const succeed: Respond = (_call, response) => json(response, { success: true });
const VARIABLES = { LUAAUTH_TOKEN: 'of-mine' };

/** The arguments of a run over an API, with results in `out.jsonl`. */
function bulk(url: string, keys: readonly string[], ...more: string[]): string[] {
  const [edit, rows] = [file('edit.graphql', EDIT), file('rows.csv', rowsOf(keys))];
  return [
    'query',
    edit,
    '--each',
    rows,
    '--output',
    at('out.jsonl'),
    '--rate',
    '0',
    '--api-url',
    url,
    ...more,
  ];
}
const runBulk = (args: readonly string[]) => run(args, { variables: VARIABLES });

describe('a run', () => {
  it('begins with one read that proves the key', async () => {
    const { url, calls } = await openApi(succeed);
    await runBulk(bulk(url, keysTo(3)));
    expect(calls.map(({ line }) => line).indexOf('GET /ads/systems')).toBe(0);
    expect(calls.filter(isProof)).toHaveLength(1);
  });

  it('runs any document, also if clients of a gateway may run only listed ones', async () => {
    const { url, keys } = await openApi(succeed);
    const list = file('list.json', '{"one":"{ __typename }"}');
    const variables = { ...VARIABLES, PERSISTED_DOCUMENTS: 'only', PERSISTED_DOCUMENTS_FILE: list };
    const { code } = await run(bulk(url, keysTo(2)), { variables });
    expect([code, keys()]).toEqual([0, ['k1', 'k2']]);
  });

  it('sends nothing with a key that LuaAuth refuses, and leaves no file', async () => {
    const { url, calls } = await record((_call, response) =>
      json(response, { success: false, error: NO_KEY }),
    );
    const { code, stderr } = await runBulk(bulk(url, keysTo(3)));
    expect([code, calls.length, existsSync(at('out.jsonl'))]).toEqual([1, 1, false]);
    expect(stderr).toMatch(
      /^LuaAuth does not know the key of LUAAUTH_TOKEN\. .*invalid api key.* Nothing was sent\.\n$/,
    );
  });

  it('sends all rows for an account that may not list ad systems, and a row that LuaAuth refuses is REFUSED', async () => {
    const { url, lines } = await record((call, response) =>
      json(
        response,
        isProof(call) || keyOf(call) === 'k1' ? { success: false, error: NOT_PERMITTED } : { success: true },
      ),
    );
    expect((await runBulk(bulk(url, keysTo(3)))).code).toBe(4);
    expect(lines().filter((line) => line.startsWith('POST'))).toHaveLength(3);
    expect(statuses()).toEqual(['REFUSED', 'OK', 'OK']);
  });

  it.each([
    [
      'a document that is not valid',
      'mutation ($key: ID!) { editUser(input: { key: $key }) { nope } }',
      /"nope"/,
    ],
    [
      'a document above a limit',
      `mutation ($key: ID!) { editUser(input: { key: $key }) ${'{ __typename ... on EditUserSuccess { user '.repeat(9)}{ key }${'} }'.repeat(9)} }`,
      /./,
    ],
  ])('sends nothing of %s', async (_what, document, problem) => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(3));
    file('edit.graphql', document);
    const { code, stderr } = await runBulk(args);
    expect([code, keys(), existsSync(at('out.jsonl'))]).toEqual([1, [], false]);
    expect(stderr).toMatch(problem);
    expect(stderr).toContain('Nothing was sent.');
  });

  it('orders the results by row, and says in its last line what to do next', async () => {
    const { url, keys } = await openApi(
      (call, response) =>
        void setTimeout(() => json(response, { success: true }), keyOf(call) === 'k1' ? 50 : 0),
    );
    const { code, stderr, stdout } = await runBulk(bulk(url, keysTo(20)));
    expect([code, stdout, keys().length]).toEqual([0, '', 20]);
    expect(results().map(({ row }) => row)).toEqual(keysTo(20).map((_, index) => index + 1));
    expect(stderr).toMatch(/^20 rows: 20 OK\. 20 sent in \d+ s\.\nNothing is left to send\.\n$/);
  });

  it('has the line of a write in the file before the write is sent', async () => {
    const isInFile: boolean[] = [];
    const { url } = await openApi((call, response) => {
      const row = Number(keyOf(call).slice(1));
      isInFile.push(results().some((line) => line.row === row && line.sent !== undefined));
      json(response, { success: true });
    });
    const { code } = await runBulk(bulk(url, keysTo(20)));
    expect([code, isInFile]).toEqual([0, keysTo(20).map(() => true)]);
    expect(textOf('out.jsonl')).not.toMatch(/k20|"sent"|"run"/);
  });

  it('waits while LuaAuth is down, and then carries out each row once', async () => {
    const done: string[] = [];
    let refused = 0;
    let upAt = Number.POSITIVE_INFINITY;
    const { url } = await openApi((call, response) => {
      if (done.length === 40 && refused === 0) upAt = performance.now() + DOWN_MS;
      if (done.length < 40 || performance.now() > upAt) {
        done.push(keyOf(call));
        return json(response, { success: true });
      }
      refused += 1;
      down(response);
    });
    const keys = keysTo(400);
    const { code, stderr } = await runBulk(bulk(url, keys));
    expect([code, statuses()], stderr).toEqual([0, keys.map(() => 'OK')]);
    expect(refused).toBeGreaterThan(0);
    expect(done.sort()).toEqual([...keys].sort());
  });

  it('sends every row after stale ids at the beginning', async () => {
    const error = { code: -1, message: 'unauthorized or invalid request', failed: ['user does not exist'] };
    const isStale = (key: string) => Number(key.slice(1)) <= 30;
    const { url, keys } = await openApi((call, response) =>
      json(response, isStale(keyOf(call)) ? { success: false, error } : { success: true }),
    );
    const { code } = await runBulk(bulk(url, keysTo(200), '--total-rate', '50'));
    expect([code, statuses()]).toEqual([4, keysTo(200).map((key) => (isStale(key) ? 'REFUSED' : 'OK'))]);
    expect(keys().sort()).toEqual(keysTo(200).sort());
  });

  it.each([
    [
      'no longer accepts the key',
      (response: ServerResponse) => json(response, { success: false, error: NO_KEY }),
    ],
    [
      'is behind a Cloudflare that refuses this machine',
      (response: ServerResponse) => sendProxyPage(response, { status: 403, by: 'cloudflare' }),
    ],
  ])('stops at once if LuaAuth %s', async (_what, refuse) => {
    let count = 0;
    const { url, keys } = await openApi((call, response) => {
      count += 1;
      if (count <= 3) json(response, { success: true, script: { id: keyOf(call) } });
      else refuse(response);
    });
    const args = bulk(url, keysTo(1_000));
    file('edit.graphql', 'query ($key: ID!) { script(id: $key) { id } }');
    const { code, stderr } = await runBulk(args);
    expect([code, lastLine(stderr)]).toEqual([5, expect.stringMatching(LEFT)]);
    expect(stderr).toContain('Stopped: GET /scripts/:script_id: ');
    expect(keys().length).toBeLessThan(500);
  });
});

/** The last line of a run that stopped, with the number of rows that the next run sends. */
const LEFT = /^(\d+) rows are left\. Run it again with --resume\.$/;

const NOT_PERMITTED = { code: -1, message: 'unauthorized or invalid request', failed: [] };
const NO_KEY = { code: 0, message: 'unauthorized or invalid request', failed: ['invalid api key'] };

/** Longer than the circuit breaker waits before it looks again. */
const DOWN_MS = 1_500;

describe('a write whose outcome is unknown', () => {
  const breakAt: Respond = (call, response) =>
    keyOf(call) === 'k3' ? void call.socket.destroy() : json(response, { success: true });

  it('stops nothing, and is sent again only with --repeat-unknown', async () => {
    let isBroken = true;
    const { url, keys } = await openApi((call, response) => (isBroken ? breakAt : succeed)(call, response));
    const args = bulk(url, keysTo(30));
    const first = await runBulk(args);
    expect([first.code, statuses()]).toEqual([3, keysTo(30).map((key) => (key === 'k3' ? 'UNKNOWN' : 'OK'))]);
    expect(lastLine(first.stderr)).toBe(
      'Next: run it again with --repeat-unknown: repeating a write with UNKNOWN has no further effect.',
    );
    isBroken = false;
    const before = textOf('out.jsonl');
    expect((await runBulk([...args, '--resume'])).code).toBe(3);
    expect([keys().length, textOf('out.jsonl')]).toEqual([30, before]);

    expect((await runBulk([...args, '--repeat-unknown'])).code).toBe(0);
    expect([keys().length, keys().at(-1)]).toEqual([31, 'k3']);
    expect(statuses()).toEqual(keysTo(30).map(() => 'OK'));
  });

  it('is never sent again if the schema says that each call has an effect of its own', async () => {
    const { url, calls } = await openApi((call) => void call.socket.destroy());
    const args = bulk(url, []);
    file(
      'edit.graphql',
      'mutation ($id: ID!) { messageSession(input: { id: $id, handler: "a" }) { __typename } }',
    );
    file('rows.csv', 'id\ns1\n');
    const first = await runBulk(args);
    expect([first.code, statuses()]).toEqual([3, ['UNKNOWN']]);
    expect(lastLine(first.stderr)).toBe('Next: read what the rows with UNKNOWN change.');
    const { length } = calls;
    const again = await runBulk([...args, '--repeat-unknown']);
    expect([again.code, calls.length]).toEqual([1, length]);
    expect(again.stderr).toContain('--repeat-unknown: each messageSession has an effect of its own');
  });

  it('is what a row has that was sent by a run that was killed', async () => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(3));
    await runBulk(args);
    const [first = ''] = linesOf(textOf('out.jsonl'));
    const sent = JSON.stringify({ row: 1, line: 2, sent: JSON.parse(first).digest });
    file('out.jsonl', `${sent}\n{"row":2,"li`);
    const { code, stderr } = await runBulk([...args, '--resume']);
    expect([code, statuses()], stderr).toEqual([3, ['UNKNOWN', 'OK', 'OK']]);
    expect(results()[0]?.problem).toContain('interrupted');
    expect(keys().slice(3).sort()).toEqual(['k2', 'k3']);
  });
});

it('--resume after Ctrl-C sends what was not sent, and no write twice', async () => {
  let stop: (signal: string) => void = () => undefined;
  const { url, keys } = await openApi((_call, response) => {
    if (keys().length === 20) stop('SIGINT');
    json(response, { success: true });
  });
  const onStop = (given: typeof stop) => {
    stop = given;
  };
  const args = bulk(url, keysTo(200), '--rate', '10');
  const first = await run(args, { variables: VARIABLES, onStop });
  const left = (200 - keys().length).toString();
  expect([first.code, LEFT.exec(lastLine(first.stderr) ?? '')?.[1]]).toEqual([5, left]);
  expect(first.stderr).toContain('Stopped: SIGINT ended the run.');
  expect(keys().length).toBeLessThan(100);
  expect(statuses()).toEqual(keys().map(() => 'OK'));
  expect((await runBulk([...args, '--resume', '--rate', '0'])).code).toBe(0);
  expect(keys().sort()).toEqual(keysTo(200).sort());
});

it('a row that fails again and again while others end is FAILED, and --resume sends it again', async () => {
  let isBroken = true;
  const { url, keys } = await openApi((call, response) =>
    isBroken && keyOf(call) === 'k2' ? down(response) : json(response, { success: true }),
  );
  const args = bulk(url, keysTo(40));
  const first = await runBulk(args);
  expect([first.code, first.stderr]).toEqual([3, expect.stringContaining('40 rows: 39 OK, 1 FAILED')]);
  const { length } = keys();
  isBroken = false;
  expect((await runBulk([...args, '--resume'])).code).toBe(0);
  expect(keys().slice(length)).toEqual(['k2']);
});

it('a write is not repeated if only the read after it fails', async () => {
  const { url, calls } = await openApi((call, response) =>
    call.line.startsWith('POST') ? json(response, { success: true }) : down(response),
  );
  const args = bulk(url, ['k1']);
  file(
    'edit.graphql',
    'mutation ($key: ID!, $note: String) { editUser(input: { key: $key, note: $note }) { ... on EditUserSuccess { user { note } } } }',
  );
  expect((await runBulk(args)).code).toBe(0);
  expect(statuses()).toEqual(['OK']);
  expect((await runBulk([...args, '--resume'])).code).toBe(0);
  expect(calls.filter(({ line }) => line.startsWith('POST'))).toHaveLength(1);
});

describe('the file of results', () => {
  it.each([
    ['a file of something else', () => 'hello', /line 1 is not a line of results/],
    [
      'a line that is broken',
      (text: string) => text.replace('"row":2', '"row'),
      /line 2 is not a line of results/,
    ],
  ])('is refused for %s, and stays as it is', async (_what, change, problem) => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(3));
    await runBulk(args);
    const text = change(textOf('out.jsonl'));
    file('out.jsonl', text);
    const { code, stderr } = await runBulk([...args, '--resume']);
    expect([code, keys().length, textOf('out.jsonl').startsWith(text)]).toEqual([1, 3, true]);
    expect(stderr).toMatch(problem);
  });

  it.each([
    ['another row', () => file('rows.csv', rowsOf(['k1', 'other', 'k3'])), 'line 3'],
    ['another document', () => file('edit.graphql', `${EDIT} `), 'line 2'],
  ])('is refused for %s', async (_what, change, place) => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(3));
    await runBulk(args);
    const text = textOf('out.jsonl');
    change();
    const { code, stderr } = await runBulk([...args, '--resume']);
    expect([code, keys().length, textOf('out.jsonl')]).toEqual([1, 3, text]);
    expect(stderr).toContain(`${place}: the earlier run had another row or another operation here`);
  });

  it('keeps rows that were not carried out when a shorter list of other rows is refused', async () => {
    const { url } = await openApi(succeed);
    const args = bulk(url, ['k1', 'k2', 'k1']);
    expect((await runBulk(args)).code).toBe(3);
    const text = textOf('out.jsonl');
    file('rows.csv', rowsOf(['other']));
    const { code, stderr } = await runBulk([...args, '--resume']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('line 2: the earlier run had another row')]);
    expect(textOf('out.jsonl')).toBe(text);
  });

  it('belongs to one run at a time, and a second one sends nothing', async () => {
    let second: ReturnType<typeof run> | undefined;
    const { url, keys } = await openApi((_call, response) => {
      second ??= runBulk([...args, '--resume']);
      void second.then(() => json(response, { success: true }));
    });
    const args = bulk(url, keysTo(3));
    const first = await runBulk(args);
    expect([first.code, statuses(), keys().sort()]).toEqual([0, ['OK', 'OK', 'OK'], keysTo(3)]);
    expect(await second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^out\.jsonl: another run is writing this file \(process \d+ of .+\)\..* remove out\.jsonl\.lock, and run this again with --resume\.\n$/,
      ),
    });
    expect(existsSync(at('out.jsonl.lock'))).toBe(false);
  });

  it.each([
    ['of a process that has ended is taken over', { pid: 2 ** 22 + 1, host: hostname() }, 0],
    ['of another machine is respected', { pid: 2 ** 22 + 1, host: 'elsewhere' }, 1],
    [
      'of the same process id, as in another container, is respected',
      { pid: process.pid, host: hostname() },
      1,
    ],
    ['of a process that runs is respected', { pid: process.ppid, host: hostname() }, 1],
    ['without sense is respected', 'hello', 1],
  ])('whose lock is %s', async (_what, holder, code) => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(3));
    file('out.jsonl.lock', JSON.stringify(holder));
    expect((await runBulk(args)).code).toBe(code);
    expect([keys().length, existsSync(at('out.jsonl.lock'))]).toEqual(code === 0 ? [3, false] : [0, true]);
  });

  it('may end with a whole line without its line feed', async () => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(2));
    await runBulk(args);
    file('out.jsonl', textOf('out.jsonl').trimEnd());
    file('rows.csv', rowsOf(keysTo(3)));
    expect((await runBulk([...args, '--resume'])).code).toBe(0);
    expect([keys(), statuses()]).toEqual([keysTo(3), ['OK', 'OK', 'OK']]);
  });

  it('keeps a run from being repeated without --resume, and a run that sent nothing leaves none', async () => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, keysTo(2));
    file('rows.csv', 'name\nk1\n');
    const wrong = await runBulk(args);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('no column is named like')]);
    file('rows.csv', 'key,note\n');
    expect((await runBulk(args)).code).toBe(0);
    expect(existsSync(at('out.jsonl'))).toBe(false);
    file('rows.csv', rowsOf(keysTo(2)));
    expect((await runBulk(args)).code).toBe(0);
    const again = await runBulk(args);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('Give --resume')]);
    expect(keys()).toHaveLength(2);
  });

  it('is written as CSV at the end, without formulas, if its name ends like that', async () => {
    const { url } = await openApi((call, response) =>
      keyOf(call) === 'b'
        ? json(response, { success: false, error: { code: 0, message: 'unauthorized or invalid request' } })
        : json(response, { success: true, script: { id: keyOf(call), name: '=SUM(1)' } }),
    );
    const args = ['query', 'a.graphql', '--each', '-', '--output', at('out.csv'), '--api-url', url];
    const document =
      'query ($id: ID!, $deep: Boolean = false) { script(id: $id) { name @skip(if: $deep) id } }';
    const around = {
      variables: VARIABLES,
      files: { 'a.graphql': document },
      input: 'id;deep\na;\nb;\nc;true\n',
    };
    const { code } = await run(args, around);
    expect([code, linesOf(textOf('out.csv'))]).toEqual([
      3,
      [
        'row,line,status,problem,script.name,script.id',
        "1,2,OK,,'=SUM(1),a",
        expect.stringMatching(/^2,3,FAILED,GET \/scripts\/:script_id: LuaAuth refused: .*,,$/),
        '3,4,OK,,,c',
      ],
    ]);
    expect(results('out.csv.jsonl').map(({ status }) => status)).toEqual(['OK', 'FAILED', 'OK']);
  });
});

describe('rows', () => {
  const READ =
    'query ($id: ID!, $deep: Boolean = false, $n: Int) { script(id: $id) { name @skip(if: $deep) sessions(first: $n) @include(if: false) { __typename } } }';
  async function ask(rows: string | Buffer) {
    const { url, keys } = await openApi((call, response) =>
      json(response, { success: true, script: { id: keyOf(call), name: 'a' } }),
    );
    const args = [
      'query',
      file('a.graphql', READ),
      '--each',
      file('rows', rows),
      '--output',
      at('out.jsonl'),
    ];
    const { code, stderr } = await runBulk([...args, '--api-url', url, '--rate', '0']);
    return { code, stderr, ids: keys().sort() };
  }
  const problems = () => results().map(({ line, problem }) => [line, problem]);

  it('that cannot be read are reported with their line, and the rest is sent', async () => {
    const rows = ['\uFEFFid,deep,n', 'a,,', 'b,', 'c,true,"1', 'd,no,', 'e,true,5', ',true,5', '"f'];
    const more = ['f",false,x', 'g,,1e400', 'h,,\r'];
    const { code, stderr, ids } = await ask([...rows, ...more].join('\n'));
    expect(problems()).toEqual([
      [2, undefined],
      [3, 'it has 2 cells, and the header has 3.'],
      [4, expect.stringContaining('its quotes are wrong')],
      [5, undefined],
      [6, undefined],
      [7, 'it has no "id", which the operation requires.'],
      [8, undefined],
      [
        10,
        'the column "n": it has a number that is too large. Give numbers below 1.8e308, or send it as a string.',
      ],
      [11, undefined],
    ]);
    expect([code, ids]).toEqual([3, ['a', 'e', 'h']]);
    expect(stderr).toContain('line 4: its quotes are wrong');
    expect(stderr).toContain('line 5: $deep: it has another type. Give true or false.');
    expect(stderr).toMatch(/9 rows: 3 OK, 6 INVALID\. 3 sent in /);
    expect(lastLine(stderr)).toBe('Next: correct the rows with INVALID, and run it again with --resume.');
  });

  it('with a wrong value that is found out after a call are FAILED, and keep their data', async () => {
    const { url } = await openApi((call, response) =>
      json(response, { success: true, script: { id: keyOf(call), name: 'a' } }),
    );
    const document =
      'query ($id: ID!, $after: String) { script(id: $id) { name } again: script(id: $id) { sessions(after: $after) { nodes { id } } } }';
    const args = ['query', file('a.graphql', document), '--each', file('rows.csv', 'id,after\na,nonsense')];
    const { code } = await runBulk([...args, '--output', at('out.jsonl'), '--api-url', url]);
    expect([code, results()]).toEqual([
      3,
      [
        expect.objectContaining({
          status: 'FAILED',
          data: expect.objectContaining({ script: { name: 'a' } }),
          errors: [
            expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) }),
          ],
        }),
      ],
    ]);
  });

  it('have JSON in the cells of a list', async () => {
    const { url, keys } = await openApi((call, response) =>
      json(response, { success: true, script: { id: keyOf(call), name: 'a' } }),
    );
    const document = 'query ($ids: [ID!]!) { scripts(ids: $ids) { name } }';
    const args = ['query', file('a.graphql', document), '--each', file('rows.csv', 'ids\n"[""a""]"\nb')];
    await runBulk([...args, '--output', at('out.jsonl'), '--api-url', url]);
    expect([keys(), problems()]).toEqual([
      ['a'],
      [
        [2, undefined],
        [3, 'the column "ids" must be JSON.'],
      ],
    ]);
  });

  it('are counted on a terminal, with those that are invalid and those of earlier runs', async () => {
    const { url } = await openApi(succeed);
    const args = bulk(url, ['k1', 'k1', 'k3']);
    expect((await run(args, { variables: VARIABLES, isTerminal: true })).stderr).toContain(
      '\r3 of 3 rows\u001b[K\n',
    );
    file('rows.csv', rowsOf(['k1', 'k2', 'k3']));
    const again = await run([...args, '--resume'], { variables: VARIABLES, isTerminal: true });
    expect(again.stderr).toContain('\r3 of 3 rows\u001b[K\n');
  });

  it('that are left, and the time that they need, are told on a terminal while others end', async () => {
    let isLast = false;
    const { url } = await openApi((_call, response) => {
      if (isLast) waiting = response;
      else json(response, { success: true });
      isLast = true;
    });
    let waiting: ServerResponse | undefined;
    const onStderr = (text: string) => {
      if (waiting && text.includes(' 1 left')) json(waiting, { success: true });
    };
    const args = bulk(url, keysTo(2));
    const { code, stderr } = await run(args, { variables: VARIABLES, isTerminal: true, onStderr });
    expect([code, stderr.replaceAll(/[^\P{Cc}\n\r]/gu, '')]).toEqual([
      0,
      expect.stringMatching(/^\r1 of 2 rows, 1 left, about \d+ s\[K\r2 of 2 rows\[K\n/),
    ]);
  });

  it('that were corrected are sent by the next run', async () => {
    const { url, keys } = await openApi(succeed);
    const args = bulk(url, ['k1', 'k1', 'k3']);
    expect((await runBulk(args)).code).toBe(3);
    file('rows.csv', rowsOf(['k1', 'k2', 'k3']));
    expect((await runBulk([...args, '--resume'])).code).toBe(0);
    expect([keys(), statuses()]).toEqual([
      ['k1', 'k3', 'k2'],
      ['OK', 'OK', 'OK'],
    ]);
  });

  it('that were left out at the end are not in the results any more, unless they were carried out', async () => {
    const { url } = await openApi(succeed);
    const args = bulk(url, ['k1', 'k2', 'k1']);
    expect((await runBulk(args)).code).toBe(3);
    file('rows.csv', rowsOf(['k1']));
    expect((await runBulk([...args, '--resume'])).code).toBe(0);
    expect(results().map(({ row, status }) => [row, status])).toEqual([
      [1, 'OK'],
      [2, 'OK'],
    ]);
  });

  it('of JSONL likewise', async () => {
    const rows = [
      '{"id":"a"}',
      '',
      '[1]',
      '{"id":"b"',
      '{"n":1}',
      '{"id":"e","x":{"x":1}}',
      '{"id":"f","n":1e400}',
      `{"id":"g","n":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
    ];
    const { stderr, ids } = await ask(rows.join('\n'));
    expect(problems()).toEqual([
      [1, undefined],
      [3, 'it is not an object of JSON. Write one object per line.'],
      [4, 'it is not JSON. Write one object per line.'],
      [5, 'it has no "id", which the operation requires.'],
      [6, undefined],
      [7, 'it has a number that is too large. Give numbers below 1.8e308, or send it as a string.'],
      [8, 'it has more than 1000 levels. Nest it less.'],
    ]);
    expect(ids).toEqual(['a', 'e']);
    expect(stderr).toContain('no variable has this name: "x"');
  });

  it('that are the same write are sent once', async () => {
    const { url, keys } = await openApi(succeed);
    const { code, stderr } = await runBulk(bulk(url, ['k1', 'k2', 'k1']));
    expect([code, keys().sort()]).toEqual([3, ['k1', 'k2']]);
    expect(stderr).toContain('line 4: it is the same write as line 2');
  });

  it.each([
    ['jsonl', '{"id":"a","data":{"n":12345678901234567891}}\n'],
    ['csv', 'id,data\na,"{""n"":12345678901234567891}"\n'],
  ])('keep all digits of large integers, and so do results: %s', async (format, rows) => {
    const bodies: string[] = [];
    const { url } = await openApi((call, response) => {
      bodies.push(call.body);
      response.end('{"success":true,"processed":true,"response":{"n":98765432109876543210}}');
    });
    const document =
      'mutation ($id: ID!, $data: JSON) { messageSession(input: { id: $id, handler: "a", data: $data }) { ... on MessageDelivered { response } } }';
    const files = [file('a.graphql', document), '--each', file(`rows.${format}`, rows)];
    const { code } = await runBulk(['query', ...files, '--output', at(`out.${format}`), '--api-url', url]);
    expect([code, bodies]).toEqual([0, [expect.stringContaining('{"n":12345678901234567891}')]]);
    expect(textOf(`out.${format}`)).toContain('98765432109876543210');
  });

  it('in a folder cannot be read, and the message names the rows', async () => {
    const { url, calls } = await openApi(succeed);
    const args = bulk(url, ['k1']).map((arg) => (arg === at('rows.csv') ? at('folder') : arg));
    mkdirSync(at('folder'));
    const { code, stderr } = await runBulk(args);
    expect([code, calls]).toEqual([1, []]);
    expect(stderr).toBe(
      'folder: it cannot be read (EISDIR). Give the path of a file of rows, or - for stdin.\n',
    );
  });
});

it('--dry-run prints the price and the time, and sends nothing', async () => {
  const { url, calls } = await openApi(succeed);
  const args = bulk(url, ['k1', 'k2', 'k1', 'k3'], '--dry-run');
  const { code, stdout, stderr } = await runBulk([...args, '--rate', '1']);
  expect([code, stdout]).toEqual([
    3,
    'Rows: 4, 1 of which will not be sent\nREST calls: 3 at most\nTime: 3 s at 1 calls per second\n',
  ]);
  expect([calls.length, existsSync(at('out.jsonl'))]).toEqual([0, false]);
  expect(stderr).toBe('line 4: it is the same write as line 2.\n');
});

it('--dry-run tells an error of the document once', async () => {
  const { url } = await openApi(succeed);
  const args = bulk(url, keysTo(300), '--dry-run');
  file('edit.graphql', 'mutation ($key: ID!) { editUser(input: { key: $key }) { nope } }');
  const { code, stdout, stderr } = await runBulk(args);
  expect([code, stdout, stderr]).toEqual([
    1,
    '',
    expect.stringMatching(/^Not used[^\n]*\n[^\n]*"nope"[^\n]* Nothing was sent\.\n$/),
  ]);
});

it('refuses a file of results that is a device', async () => {
  const { url, keys } = await openApi(succeed);
  const args = bulk(url, keysTo(3)).map((arg) => (arg === at('out.jsonl') ? '/dev/null' : arg));
  const { code, stderr } = await runBulk([...args, '--resume']);
  expect([code, keys()]).toEqual([1, []]);
  expect(stderr).toContain('/dev/null: it is not a regular file');
});

it.each([
  ['several mutations', 'mutation { a: deleteUser b: deleteUser }', /exactly one field/],
  ['a subscription', 'subscription { a }', /is a subscription/],
  ['a document that cannot be read', '{', /The document cannot be read/],
])('refuses %s', async (_what, document, problem) => {
  writeFileSync(at('a.graphql'), document);
  const { code, stderr } = await run([
    'query',
    at('a.graphql'),
    '--each',
    file('rows.csv', 'key\na\n'),
    '--output',
    at('out.jsonl'),
    '--sandbox',
  ]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(problem)]);
});
