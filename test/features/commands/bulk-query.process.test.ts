import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { json, type Recorded, type Respond } from '../../support/api/recorder.ts';
import { MAIN } from '../../support/processes/built.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';
import { startOnTerminal } from '../../support/processes/terminal.ts';
import { needing } from '../../support/processes/tools.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { start, run, record } = useCommandLine();

let folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-bulk-'));
afterEach(() => {
  rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-bulk-'));
});

/** A file that several runs share. */
const at = (name: string) => join(folder, name);
function file(name: string, content: string): string {
  writeFileSync(at(name), content);
  return at(name);
}
const textOf = (name: string) => readFileSync(at(name), 'utf8');
const linesOf = (text: string) => text.split('\n').filter(Boolean);
const resultsIn = (text: string): { row: number; status: string; problem?: string; line: number }[] =>
  linesOf(text).map((line) => JSON.parse(line));
const statusesIn = (text: string) => resultsIn(text).map(({ status }) => status);

const EDIT =
  'mutation ($key: ID!, $note: String) { editUser(input: { key: $key, note: $note }) { __typename } }';
const rowsOf = (keys: readonly string[]) => ['key,note', ...keys.map((key) => `${key},hello`)].join('\n');
const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `k${index + 1}`);
const keyOf = ({ line }: Pick<Recorded, 'line'>) => line.split('/')[2] ?? '';

/** The arguments of a run over a REST side, with results in `out.jsonl`. */
function bulk(url: string, keys: readonly string[], ...more: string[]): string[] {
  const [edit, rows] = [file('edit.graphql', EDIT), file('rows.csv', rowsOf(keys))];
  const api = ['--api-url', url, '--token-file', file('key', 'of-mine')];
  return ['query', edit, '--each', rows, '--output', at('out.jsonl'), '--rate', '0', ...api, ...more];
}

const succeed: Respond = (_call, response) => json(response, { success: true });

describe('the drills', () => {
  it('after a kill in the middle of 2,500 writes the rest is sent, and no write twice', {
    timeout: 300_000,
  }, async () => {
    const { url, calls } = await record(succeed);
    const keys = keysTo(2_500);
    const args = bulk(url, keys);
    const killed = start(args);
    await eventually(() => expect(calls.length).toBeGreaterThan(1_000));
    killed.signal('SIGKILL');
    await killed.ended;
    const inOutput = linesOf(textOf('out.jsonl')).length;
    expect(inOutput).toBeLessThan(2_500);

    const { code, stderr } = await run([...args, '--resume']);
    const results = resultsIn(textOf('out.jsonl'));
    expect(results.map(({ row }) => row)).toEqual(keys.map((_, index) => index + 1));
    const unknown = results.filter(({ status }) => status === 'UNKNOWN');
    const done = results.filter(({ status }) => status === 'OK');
    expect(unknown.length + done.length).toBe(2_500);
    // As many as were in flight.
    expect(unknown.length).toBeLessThanOrEqual(100);
    expect([code, stderr]).toEqual([unknown.length > 0 ? 3 : 0, expect.stringContaining('2,500 rows: ')]);
    const arrived = calls.map(keyOf);
    expect(new Set(arrived).size).toBe(arrived.length);
    const missing = new Set(keys);
    for (const key of arrived) missing.delete(key);
    for (const { row } of unknown) missing.delete(`k${row}`);
    expect([...missing]).toEqual([]);
  });

  it('while LuaAuth is down rows wait, and then each is carried out once', async () => {
    const done: string[] = [];
    let refused = 0;
    let upAt = Number.POSITIVE_INFINITY;
    const { url } = await record((call, response) => {
      if (done.length === 40 && refused === 0) upAt = performance.now() + DOWN_MS;
      if (done.length < 40 || performance.now() > upAt) {
        done.push(keyOf(call));
        return json(response, { success: true });
      }
      refused += 1;
      response.writeHead(521, { server: 'cloudflare' }).end('<html>');
    });
    const keys = keysTo(400);
    const { code, stderr } = await run(bulk(url, keys));
    expect([code, statusesIn(textOf('out.jsonl'))], stderr).toEqual([0, keys.map(() => 'OK')]);
    expect(refused).toBeGreaterThan(0);
    expect(done.sort()).toEqual([...keys].sort());
  });
});

/** Longer than the circuit breaker waits before it looks again. */
const DOWN_MS = 1_500;

describe('a write whose outcome is unknown', () => {
  const breakAt: Respond = (call, response) =>
    keyOf(call) === 'k3' ? void call.socket.destroy() : json(response, { success: true });

  it('stops the run, and --resume goes on with the other rows', async () => {
    const { url, calls } = await record(breakAt);
    const keys = keysTo(30);
    const args = bulk(url, keys);
    const stopped = await run([...args, '--rate', '8']);
    expect([stopped.code, stopped.stderr]).toEqual([
      5,
      expect.stringMatching(/Stopped: line 4: it is not known .* --resume to continue\.\n$/),
    ]);
    expect(calls.length).toBeLessThan(30);
    expect(statusesIn(textOf('out.jsonl')).slice(0, 3)).toEqual(['OK', 'OK', 'UNKNOWN']);

    const { code, stderr } = await run([...args, '--resume']);
    expect([code, stderr]).toEqual([3, expect.stringContaining('30 rows: 29 OK, 1 UNKNOWN')]);
    expect(calls.map(keyOf).sort()).toEqual([...keys].sort());
    const results = textOf('out.jsonl');
    expect(statusesIn(results)).toEqual(keys.map((key) => (key === 'k3' ? 'UNKNOWN' : 'OK')));

    expect((await run([...args, '--resume'])).code).toBe(3);
    expect([calls.length, textOf('out.jsonl')]).toEqual([30, results]);
  });

  it('does not stop it with --on-unknown continue', async () => {
    const { url, calls } = await record(breakAt);
    const { code } = await run([...bulk(url, keysTo(40)), '--on-unknown', 'continue', '--format', 'csv']);
    expect([code, calls.length]).toEqual([3, 40]);
    expect(linesOf(textOf('out.jsonl')).slice(0, 4)).toEqual([
      'row,line,status,problem,editUser.__typename',
      '1,2,OK,,EditUserSuccess',
      '2,3,OK,,EditUserSuccess',
      expect.stringMatching(/^3,4,UNKNOWN,POST \/users\/:user_key\/edit: .*unknown/),
    ]);
  });
});

describe('the journal', () => {
  it('has the entry of a write before the write is sent', async () => {
    const inJournal: boolean[] = [];
    const { url } = await record((call, response) => {
      const row = Number(keyOf(call).slice(1));
      const entries = linesOf(textOf('out.jsonl.journal')).map((line) => JSON.parse(line));
      inJournal.push(entries.some((entry) => entry.row === row && entry.begun === true));
      json(response, { success: true });
    });
    const { code } = await run(bulk(url, keysTo(20)));
    expect([code, inJournal]).toEqual([0, keysTo(20).map(() => true)]);
    expect(textOf('out.jsonl.journal')).not.toContain('k20');
    expect(existsSync(at('out.jsonl.journal.lock'))).toBe(false);
  });

  it('is refused where it is broken, in use, or of another run; an entry that was cut off is not', async () => {
    const { url, calls } = await record(succeed);
    const args = bulk(url, keysTo(3));
    await run(args);
    const journal = textOf('out.jsonl.journal');
    const resumed = async (content: string, ...more: string[]) => {
      file('out.jsonl.journal', content);
      const { code, stderr } = await run([...args, '--resume', ...more]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await resumed(journal.replace('"row":2', '"row'))).toMatch(
      /out\.jsonl\.journal: line \d is not an entry of a journal.*Restore the file/,
    );
    expect(await resumed('hello\n')).toContain('this is not a journal. Give another --output');
    expect(await resumed(journal.replace('"version":1', '"version":2'))).toContain('another version');
    expect(await resumed(journal, '--variables', '{"note":"b"}')).toContain('another document');
    file('out.jsonl.journal.lock', String(process.pid));
    expect(await resumed(journal)).toContain(`the process ${process.pid} uses this journal`);
    rmSync(at('out.jsonl.journal.lock'));
    file('rows.csv', rowsOf(['k1', 'other', 'k3']));
    expect(await resumed(journal)).toContain('line 3: the earlier run had another row here');

    expect(calls).toHaveLength(3);
    file('rows.csv', rowsOf(keysTo(4)));
    file('out.jsonl.journal', `${journal}{"row":4,"digest":"`);
    // A process that was killed leaves this.
    file('out.jsonl.journal.lock', '999999999');
    const { code } = await run([...args, '--resume']);
    expect([code, calls.map(keyOf)]).toEqual([0, expect.arrayContaining(['k4'])]);
    expect(calls).toHaveLength(4);
    expect(linesOf(textOf('out.jsonl'))).toHaveLength(4);
  });

  it('keeps a run from being repeated without --resume, and a run that sent nothing leaves none', async () => {
    const { url, calls } = await record(succeed);
    const args = bulk(url, keysTo(2));
    file('rows.csv', 'name\nk1\n');
    const wrong = await run(args);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('no column is named like the variable'),
    ]);
    file('rows.csv', rowsOf(keysTo(2)));
    expect((await run(args)).code).toBe(0);
    const again = await run(args);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('Give --resume')]);
    rmSync(at('out.jsonl.journal'));
    const alone = await run([...args, '--resume']);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('without a journal')]);
    expect(calls).toHaveLength(2);
  });
});

describe('rows', () => {
  const READ =
    'query ($id: ID!, $deep: Boolean = false, $n: Int) { script(id: $id) { name @skip(if: $deep) sessions(first: $n) @include(if: false) { __typename } } }';
  const read: Respond = ({ line }, response) =>
    json(response, { success: true, script: { id: line.split('/')[2], name: '=SUM(1)' } });
  async function ask(rows: string | Buffer, ...more: string[]) {
    const { url, calls } = await record(read);
    writeFileSync(at('rows'), rows);
    const args = ['query', file('read.graphql', READ), '--each', at('rows'), '--rate', '0', '--api-url', url];
    const { code, stdout, stderr } = await run([...args, ...more], { variables: { LUAAUTH_TOKEN: 'mine' } });
    return { code, results: stdout, stderr, ids: calls.map(keyOf).sort() };
  }

  it('that cannot be read are reported with their line, and the rest is sent', async () => {
    const rows = [
      '\uFEFFid,deep,n',
      'a,,',
      'b,',
      'c,true,"1',
      'd,no,',
      'e,true,5',
      ',true,5',
      `${'x'.repeat(10 * 1024 * 1024)},,`,
      '"f',
      'f",false,x',
      'g,,\r',
    ].join('\n');
    const { code, results, stderr, ids } = await ask(rows);
    expect(code).toBe(3);
    expect(resultsIn(results).map(({ line, status, problem }) => [line, status, problem])).toEqual([
      [2, 'OK', undefined],
      [3, 'INVALID', 'it has 2 columns, and the header has 3'],
      [4, 'INVALID', expect.stringContaining('a quote is not closed')],
      [5, 'INVALID', 'the column "deep" must be true or false'],
      [6, 'OK', undefined],
      [7, 'INVALID', 'it has no "id", which the operation requires'],
      [8, 'INVALID', 'it has more than 1048576 bytes, the limit of a row. Make it shorter'],
      [9, 'INVALID', 'the column "n" must be a number'],
      [11, 'OK', undefined],
    ]);
    expect(ids).toEqual(['a', 'e', 'g']);
    expect(stderr).toContain('line 4: a quote is not closed');
    expect(stderr).toMatch(/9 rows: 3 OK, 6 INVALID\. 3 sent in /);
  });

  it('of JSONL likewise', async () => {
    const rows = [
      '{"id":"a"}',
      '',
      '[1]',
      '{"id":"b"',
      '{"id":"c","id":"d"}',
      '{"n":1}',
      '{"id":"e","x":{"x":1}}',
      '{"id":"f","n":1e400}',
      `{"id":"g","n":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ];
    const { results, stderr, ids } = await ask(
      Buffer.concat([Buffer.from(rows.join('\n')), Buffer.from('\n{"id":"\xff"}', 'latin1')]),
    );
    expect(resultsIn(results).map(({ line, problem }) => [line, problem])).toEqual([
      [1, undefined],
      [3, 'it is not an object of JSON. Write one object per line'],
      [4, 'it is not JSON. Write one object per line'],
      [5, 'it has a member twice. Leave out one of them'],
      [6, 'it has no "id", which the operation requires'],
      [7, undefined],
      [8, 'it has a number that is too large. Give numbers below 1.8e308, or send it as a string'],
      [9, 'it has more than 1000 levels. Nest it less'],
      [10, 'it is not UTF-8. Save the file as UTF-8'],
    ]);
    expect(ids).toEqual(['a', 'e']);
    expect(stderr).toContain('no variable has this name: "x"');
  });

  it('about the same thing are written once', async () => {
    const { url, calls } = await record(succeed);
    const { code, stderr } = await run(bulk(url, ['k1', 'k2', 'k1']));
    expect([code, calls.map(keyOf).sort()]).toEqual([3, ['k1', 'k2']]);
    expect(stderr).toContain('line 4: it changes the same object as line 2, so it was not sent');
  });

  it('of CSV have no number that would be sent as null', async () => {
    const { results, ids } = await ask(`id,n\na,${'9'.repeat(400)}\nb,7\n`);
    expect(resultsIn(results).map(({ line, problem }) => [line, problem])).toEqual([
      [2, 'the column "n" must be a number'],
      [3, undefined],
    ]);
    expect(ids).toEqual(['b']);
  });

  it.each([
    ['a literal', 'mutation ($note: String) { editUser(input: { key: "k1", note: $note }) { __typename } }'],
    [
      'the default of a variable',
      'mutation ($key: ID = "k1", $note: String) { editUser(input: { key: $key, note: $note }) { __typename } }',
    ],
  ])('are written once if the key is %s', async (_what, mutation) => {
    const { url, calls } = await record(succeed);
    const args = bulk(url, []);
    file('edit.graphql', mutation);
    file('rows.csv', 'note\none\ntwo\n');
    const { code, stderr } = await run(args);
    expect([code, calls.map(keyOf)]).toEqual([3, ['k1']]);
    expect(stderr).toContain('line 3: it changes the same object as line 2, so it was not sent');
  });

  it('come from stdin too, and their results go to stdout as CSV, without formulas', async () => {
    const { url } = await record(read);
    const { code, stdout } = await run(
      [
        'query',
        file('read.graphql', READ),
        '--each',
        '-',
        '--format',
        'csv',
        '--rate',
        '0',
        '--api-url',
        url,
      ],
      { variables: { LUAAUTH_TOKEN: 'mine' }, input: 'id;deep\na;\nb;true\n' },
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      "row,line,status,problem,script.name,script.sessions.__typename\n1,2,OK,,'=SUM(1),\n2,3,OK,,,\n",
    );
  });
});

it.each<[what: string, make: (path: string) => void]>([
  ['a folder', (path) => mkdirSync(path)],
  ['a socket', (path) => void createServer().listen(path).unref()],
])('rows in %s cannot be read, and the message names the rows', async (_what, make) => {
  const { url, calls } = await record(succeed);
  const args = bulk(url, ['k1']);
  rmSync(at('rows.csv'));
  make(at('rows.csv'));
  const { code, stderr } = await run(args);
  expect([code, stderr.replace(/\(E[A-Z]+\)/, '(CODE)')]).toEqual([
    1,
    `${at('rows.csv')}: it cannot be read (CODE).\n`,
  ]);
  expect([calls, existsSync(at('out.jsonl.journal'))]).toEqual([[], false]);
});

it('rows that end with carriage returns alone are refused, because all of them would be the header', async () => {
  const { url, calls } = await record(succeed);
  const args = bulk(url, ['k1']);
  file('rows.csv', 'key,note\rk1,hello\rk2,hello\r');
  const { code, stderr } = await run(args);
  expect([code, stderr, calls]).toEqual([1, expect.stringContaining('line 1: it has carriage returns'), []]);
});

it('--dry-run says the price and the time, and sends nothing', async () => {
  const { url, calls } = await record(succeed);
  const args = bulk(url, ['k1', 'k2', 'k1', 'k3'], '--dry-run');
  const { code, stdout } = await run([...args, '--rate', '1']);
  expect([code, stdout]).toEqual([
    3,
    'Rows: 4, 1 of which will not be sent\nREST calls: 3 at most\nTime: 3 s at 1 calls per second\n',
  ]);
  expect([calls.length, existsSync(at('out.jsonl'))]).toEqual([0, false]);
});

const answerQuota: Respond = (_call, response) => json(response, { data: { rateLimit: { limit: 50 } } });

/** A gateway that answers each row as `respond` says. */
async function recordGateway(
  respond: (key: string, answer: (body: object) => void) => void,
  respondToQuota = answerQuota,
) {
  const asked: string[] = [];
  const { url, calls } = await record((call, response) => {
    const { query, variables } = JSON.parse(call.body);
    if (query.includes('rateLimit')) return respondToQuota(call, response);
    if (call.headers['x-upstream'] === 'plan')
      return json(response, { data: null, extensions: { upstream: { price: 1 } } });
    asked.push(variables.key);
    respond(variables.key, (body) => json(response, body));
  });
  return { url, calls, asked };
}

/** The answer of a gateway to a mutation that has ended well. */
const SUCCESS = {
  data: { editUser: { __typename: 'EditUserSuccess' } },
  extensions: { upstream: { writes: [{ mutation: 'editUser', result: 'EditUserSuccess' }] } },
};

/** The arguments of a run over a gateway, with results in `out.jsonl`. */
function bulkThere(url: string, keys: readonly string[]): string[] {
  const [edit, rows] = [file('edit.graphql', EDIT), file('rows.csv', rowsOf(keys))];
  return ['query', edit, '--each', rows, '--output', at('out.jsonl'), '--url', `${url}/graphql`];
}

it('waits as long as a gateway says, and then sends the row again', async () => {
  const limited = { code: 'RATE_LIMITED', outcome: 'NOT_EXECUTED', retryAfterMs: 700 };
  const times: number[] = [];
  const { url } = await recordGateway((_key, answer) => {
    times.push(performance.now());
    answer(
      times.length === 1 ? { data: null, errors: [{ message: 'Later.', extensions: limited }] } : SUCCESS,
    );
  });
  expect((await run(bulkThere(url, ['k1']))).code).toBe(0);
  expect(times).toHaveLength(2);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(650);
});

it.each([
  ['jsonl', '{"id":"a","data":{"n":12345678901234567891}}\n'],
  ['csv', 'id,data\na,"{""n"":12345678901234567891}"\n'],
] as const)('keeps all digits of large integers in rows, journal and results: %s', async (format, rows) => {
  const bodies: string[] = [];
  const { url } = await record((call, response) => {
    if (call.headers['x-upstream'] === 'report') bodies.push(call.body);
    response.end(
      '{"data":{"messageSession":{"__typename":"MessageDelivered","response":{"n":98765432109876543210}}},"extensions":{"upstream":{"writes":[{"result":"MessageDelivered"}]}}}',
    );
  });
  const document =
    'mutation ($id: ID!, $data: JSON) { messageSession(input: { id: $id, handler: "a", data: $data }) { ... on MessageDelivered { response } } }';
  const files = [file('a.graphql', document), '--each', file(`rows.${format}`, rows)];
  const args = ['query', ...files, '--output', at(`out.${format}`), '--url', url];
  expect((await run(args)).code).toBe(0);
  expect(bodies).toEqual([
    expect.stringContaining('"variables":{"id":"a","data":{"n":12345678901234567891}}'),
  ]);
  const results = textOf(`out.${format}`);
  expect(results).toContain('98765432109876543210');
  // These results come from the journal.
  expect((await run([...args, '--resume'])).code).toBe(0);
  expect([textOf(`out.${format}`), bodies.length]).toEqual([results, 1]);
});

it('shows no character that a terminal obeys in the progress', needing('script of util-linux'), async () => {
  const later = { code: 'RATE_LIMITED', outcome: 'NOT_EXECUTED', retryAfterMs: 60_000 };
  const { url } = await recordGateway((_key, answer) =>
    answer({ data: null, errors: [{ message: 'Wait\u001b]0;evil\u0007', extensions: later }] }),
  );
  const terminal = startOnTerminal({}, MAIN, bulkThere(url, ['k1']));
  const shown = () => terminal.lines().join();
  await eventually(() => expect(shown()).toContain('waiting: Wait'));
  await terminal.kill();
  expect(shown()).toContain('waiting: Wait\\u001b]0;evil');
  expect(shown()).not.toContain('\u001b]0');
});

it.each<[what: string, without: Respond]>([
  ['closes its connections', (call) => void call.socket.destroy()],
  ['is behind a proxy without it', (_call, response) => void response.writeHead(502).end('<html>')],
])('goes on after a gateway that %s for a moment', async (_what, without) => {
  const held: (() => void)[] = [];
  let quotaCalls = 0;
  const { url, asked } = await recordGateway(
    (key, answer) => {
      if (key === 'k1') setTimeout(() => answer(SUCCESS), 1_100);
      else if (quotaCalls > 1) answer(SUCCESS);
      else held.push(() => answer(SUCCESS));
    },
    (call, response) => {
      quotaCalls += 1;
      if (quotaCalls === 1) return json(response, { data: { rateLimit: { limit: 1 } } });
      for (const release of held.splice(0)) release();
      without(call, response);
    },
  );
  const keys = keysTo(5);
  const { code, stderr } = await run(bulkThere(url, keys));
  expect([code, stderr]).toEqual([0, expect.stringContaining('5 rows: 5 OK')]);
  expect([asked.sort(), quotaCalls > 1]).toEqual([keys, true]);
});

it('a row is UNKNOWN if an older gateway does not say how the mutation ended', async () => {
  const { url } = await recordGateway((_key, answer) => answer({ data: SUCCESS.data }));
  const { code, stderr } = await run(bulkThere(url, ['k1']));
  expect([code, stderr]).toEqual([5, expect.stringContaining('1 UNKNOWN')]);
  expect(readFileSync(at('out.jsonl'), 'utf8')).toContain('older than this program');
});

it('a row that fails again and again while others end is FAILED, and --resume sends it again', async () => {
  const broken = { code: 'UPSTREAM_UNAVAILABLE', outcome: 'NOT_EXECUTED', retryAfterMs: 20 };
  const held: (() => void)[] = [];
  let isBroken = true;
  const { url, asked } = await recordGateway((key, answer) => {
    const succeeds = () => answer(SUCCESS);
    if (!isBroken) return succeeds();
    if (key !== 'k2') return void held.push(succeeds);
    // Another row ends between two failures.
    for (const release of held.splice(0, 3)) release();
    answer({ data: null, errors: [{ message: 'Broken.', extensions: broken }] });
    if (asked.filter((name) => name === 'k2').length >= 6) for (const release of held.splice(0)) release();
  });
  const args = bulkThere(url, keysTo(40));
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([3, expect.stringContaining('40 rows: 39 OK, 1 FAILED')]);
  isBroken = false;
  asked.splice(0);
  expect((await run([...args, '--resume'])).code).toBe(0);
  expect(asked).toEqual(['k2']);
});

it.each([
  ['a key that LuaAuth refuses', { code: 'UNAUTHENTICATED', outcome: 'NOT_EXECUTED' }],
  ['a document that is wrong', { code: 'GRAPHQL_VALIDATION_FAILED' }],
  ['a document that exceeds a limit', { code: 'TOO_DEEP', outcome: 'NOT_EXECUTED' }],
  ['an address without /graphql', { code: 'NOT_FOUND' }],
  ['a key without the scope', { code: 'FORBIDDEN', missingScopes: { editUser: ['users:write'] } }],
])('%s ends the run at once', async (_what, extensions) => {
  const gateway = await record((_call, response) =>
    json(response, { errors: [{ message: 'It is wrong.', extensions }] }),
  );
  const { code, stderr } = await run(bulkThere(gateway.url, keysTo(5_000)));
  expect([code, stderr]).toEqual([5, expect.stringContaining('Stopped: It is wrong.')]);
  expect(gateway.calls.length).toBeLessThan(300);
});

it('a write is not repeated if only the read after it says that the key is refused', async () => {
  const extensions = { code: 'UNAUTHENTICATED' };
  const { url, asked } = await recordGateway((_key, answer) =>
    answer(
      asked.length === 1
        ? {
            ...SUCCESS,
            data: { editUser: { __typename: 'EditUserSuccess', user: null } },
            errors: [{ message: 'It is refused.', path: ['editUser', 'user'], extensions }],
          }
        : { data: null, errors: [{ message: 'It is refused.', path: ['editUser'], extensions }] },
    ),
  );
  const args = bulkThere(url, ['k1']);
  const first = await run(args);
  expect([first.code, statusesIn(textOf('out.jsonl'))]).toEqual([0, ['OK']]);
  expect((await run([...args, '--resume'])).code).toBe(0);
  expect(asked).toEqual(['k1']);
});

it('SIGTERM ends a run after the rows in flight, and --resume sends the others', async () => {
  const { url, calls } = await record(succeed);
  const args = bulk(url, keysTo(30));
  const process = start([...args, '--rate', '8']);
  await eventually(() => expect(calls.length).toBeGreaterThan(2));
  process.signal('SIGTERM');
  expect(await process.ended).toBe(5);
  expect(process.output.stderr).toContain('Stopped: SIGTERM ended the run.');
  const { code } = await run([...args, '--resume']);
  expect(code).toBe(0);
  expect(calls.map(keyOf).sort()).toEqual(keysTo(30).sort());
});

it.each([
  ['a mutation without --output', [EDIT], /A mutation needs --output FILE/],
  ['several mutations', [`mutation { a: deleteUser b: deleteUser }`], /more than one field/],
  ['a subscription', ['subscription { a }'], /is a subscription/],
  ['a document that cannot be read', ['{'], /The document cannot be read/],
  ['rows that are missing', ['{ a }', '--each', 'nowhere.csv'], /nowhere.csv does not exist/],
])('refuses %s', async (_what, [document = '', ...more], problem) => {
  const files = { 'a.graphql': document, 'rows.csv': 'key\na\n' };
  const { code, stderr } = await run(['query', 'a.graphql', '--each', 'rows.csv', ...more], { files });
  expect([code, stderr]).toEqual([1, expect.stringMatching(problem)]);
});
