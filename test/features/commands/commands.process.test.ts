import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { json } from '../../support/api/recorder.ts';
import { MAIN } from '../../support/processes/built.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';
import { startProcess } from '../../support/processes/process.ts';
import { eventually } from '../../support/vitest/waiting.ts';

/** Each command once as a process. All else is tested in the test's own process. */
const { start, run, record, closing } = useCommandLine();

it('check ends with 0 over the sandbox', async () => {
  const { code, stdout, stderr } = await run(['check']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('made-up data');
});

it('query prints an answer', async () => {
  const { code, stdout, stderr } = await run(['query', 'a', '--sandbox'], {
    files: { a: '{ __typename }' },
  });
  expect([code, stdout]).toEqual([0, '{"data":{"__typename":"Query"}}\n']);
  expect(stderr).toMatch(/^Sandbox: /);
});

it('keys new prints a key, and nothing else, on stdout', async () => {
  const { code, stdout } = await run(['keys', 'new', '--name', 'bot', '--scopes', '*']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^luagw_[\w-]{43}\n$/)]);
});

it('a command line without sense ends with 2', async () => {
  expect((await run(['query'])).code).toBe(2);
});

it('query --each: of several runs that begin at once on a file, one sends each write once, and the others nothing', {
  timeout: 120_000,
}, async () => {
  const { url, lines } = await record((_call, response) => json(response, { success: true, systems: [] }));
  const { args, path } = eachRow(url, 30);
  const runs = await Promise.all([1, 2, 3].map(() => run([...args, '--resume'])));
  // A run that comes after the end of another one finds nothing left to send.
  for (const { code, stderr } of runs)
    expect(stderr).toMatch(code === 0 ? / 30 OK\. / : / another run is writing this file /);
  expect(runs.some(({ code }) => code === 0)).toBe(true);
  const writes = lines().filter((line) => line.startsWith('POST'));
  expect([writes.length, new Set(writes).size]).toEqual([30, 30]);
  expect(resultsIn(path('out.jsonl')).map(({ status }) => status)).toEqual(Array(30).fill('OK'));
});

const EDIT = 'mutation ($key: ID!) { editUser(input: { key: $key, note: "a" }) { __typename } }';

it.each([
  ['SIGKILL', 'SIGKILL'],
  ['SIGINT', 5],
] as const)(
  'query --each after %s in the middle of 1,000 writes: --resume sends all that was not sent, and no write twice',
  {
    timeout: 300_000,
  },
  async (signal, end) => {
    const { url, lines } = await record((_call, response) => json(response, { success: true, systems: [] }));
    const { keys, args, path } = eachRow(url, 1_000);
    const arrived = () => lines().flatMap((line) => /^POST \/users\/(\w+)\/edit/.exec(line)?.[1] ?? []);

    const ended = start([...args, '--rate', '20']);
    await eventually(() => expect(arrived().length).toBeGreaterThan(30));
    ended.signal(signal);
    expect(await ended.ended).toBe(end);
    const before = arrived();
    const resumed = start([...args, '--resume']);
    const code = await resumed.ended;
    const results = resultsIn(path('out.jsonl'));
    expect(results.map(({ row }) => row)).toEqual(keys.map((_, index) => index + 1));
    const unknown = results.filter(({ status }) => status === 'UNKNOWN').map(({ row }) => `k${row}`);
    expect(results.filter(({ status }) => status === 'OK')).toHaveLength(1_000 - unknown.length);
    // None after an end in order. Of a killed run, only writes that were sent, and at most one that was about to be sent: the
    // rows that waited for the quota are not among them.
    expect(unknown.length).toBeLessThanOrEqual(signal === 'SIGINT' ? 0 : 20);
    expect(unknown.filter((key) => !before.includes(key)).length).toBeLessThanOrEqual(1);
    expect(code).toBe(unknown.length > 0 ? 3 : 0);
    expect(new Set(arrived()).size).toBe(arrived().length);
    expect(keys.filter((key) => !arrived().includes(key) && !unknown.includes(key))).toEqual([]);
  },
);

it.runIf(process.platform === 'linux')(
  'query --each waits for the writes that it has sent when its file can grow no more',
  async () => {
    const { url } = await record(({ line }, response) => {
      // The file may grow again before the write has its answer.
      if (line.startsWith('POST')) execFileSync('prlimit', [`--pid=${run.pid}`, '--fsize=unlimited:']);
      json(response, { success: true, systems: [] });
    });
    const { args, path } = eachRow(url, 1);
    // All other rows are the same write, so they are not sent, and their results are too many for the file.
    writeFileSync(path('rows.csv'), `key\n${'k1\n'.repeat(200)}`);
    const command = ['/bin/sh', '-c', 'ulimit -S -f 8 && exec "$@"', 'sh', process.execPath, MAIN];
    const run = startProcess({}, undefined, { args, command });
    closing.push(run.kill);
    expect([await run.ended, run.output.stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
    expect(resultsIn(path('out.jsonl'))[0]).toMatchObject({ row: 1, status: 'OK' });
  },
);

it.runIf(process.platform === 'linux')(
  'query --each sends no write whose line has no room in its file, and --resume sends it',
  async () => {
    const { url, lines } = await record((_call, response) => json(response, { success: true, systems: [] }));
    const { keys, args, path } = eachRow(url, 200);
    const command = ['/bin/sh', '-c', 'ulimit -S -f 4 && exec "$@"', 'sh', process.execPath, MAIN];
    const limited = startProcess({}, undefined, { args, command });
    closing.push(limited.kill);
    expect([await limited.ended, limited.output.stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
    const arrived = () => lines().flatMap((line) => /^POST \/users\/(\w+)\/edit/.exec(line)?.[1] ?? []);
    expect(arrived().length).toBeLessThan(100);
    await run([...args, '--resume']);
    const unknown = resultsIn(path('out.jsonl')).filter(({ status }) => status === 'UNKNOWN').length;
    expect([new Set(arrived()).size, arrived().length]).toEqual([200, 200]);
    expect(unknown).toBeLessThan(keys.length / 2);
  },
);

function resultsIn(path: string): { readonly row: number; readonly status: string }[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The arguments of a run over so many rows, in a folder of its own. */
function eachRow(url: string, count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-'));
  closing.push(async () => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const keys = Array.from({ length: count }, (_, index) => `k${index + 1}`);
  writeFileSync(path('edit.graphql'), EDIT);
  writeFileSync(path('key'), 'of-mine');
  writeFileSync(path('rows.csv'), ['key', ...keys].join('\n'));
  const args = ['query', path('edit.graphql'), '--each', path('rows.csv'), '--output', path('out.jsonl')];
  args.push('--rate', '0', '--api-url', url, '--token-file', path('key'));
  return { keys, args, path };
}
