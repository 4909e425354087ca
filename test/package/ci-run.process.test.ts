import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../support/processes/packed.ts';
import { needing } from '../support/processes/tools.ts';
import { pathOf } from '../support/repository/repository.ts';

/** One run of `npm test`: its files, and why each test failed, or '' where it passed. */
interface Run {
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly prints?: string;
  readonly code?: number;
}

const TOOLS = ['redis-server', 'valkey-server', 'chromium', 'curl', 'openssl'];
/** Writes down what it is called with. Each `npm test` does as the next run says. */
const NPM = `
if [ "$1" != test ]; then
  echo "$*" >>steps
  read -r failures 2>/dev/null <"failures of $3" || failures=0
  [ "$failures" -gt 0 ] || exit 0
  echo $((failures - 1)) >"failures of $3"
  echo broken
  exit 1
fi
shift
echo "$*" | sed 's| --reporter.*||' >>calls
for arg; do case "$arg" in --outputFile.json=*) report=\${arg#*=} ;; esac; done
number=$(wc -l <calls | tr -d ' ')
cat "report-$number" >"$report"
. "./run-$number"
`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-ci-'));
  cpSync(pathOf('.ci'), join(directory, '.ci'), { recursive: true });
  command('npm', NPM);
  for (const tool of TOOLS) command(tool, '');
});
afterEach(() => rmSync(directory, { recursive: true }));

function command(name: string, script: string): void {
  const path = join(directory, 'bin', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function reportOf({ files }: Run): string {
  const testResults = Object.entries(files).map(([file, tests]) => ({
    name: join(directory, file),
    message: '',
    status: hasFailed(tests) ? 'failed' : 'passed',
    assertionResults: Object.entries(tests).map(([fullName, why]) => ({
      fullName,
      status: why ? 'failed' : 'passed',
      failureMessages: [why],
    })),
  }));
  return JSON.stringify({ testResults });
}

const hasFailed = (tests: Readonly<Record<string, string>>) => Object.values(tests).some((why) => why !== '');

/** Runs the suite of CI. Gives the arguments of each `npm test`, the end of what was printed, and the exit code. */
async function runSuite(...runs: readonly Run[]) {
  for (const [index, one] of runs.entries()) {
    const { files, prints = '', code = Object.values(files).some(hasFailed) ? 1 : 0 } = one;
    const isKilled = code > 128;
    writeFileSync(join(directory, `report-${index + 1}`), isKilled ? '' : reportOf(one));
    writeFileSync(join(directory, `run-${index + 1}`), `echo "${prints}"\nexit ${code}`);
  }
  const { code, stdout } = await run(join(directory, '.ci/run'), ['suite'], {
    env: { ...process.env, PATH: `${join(directory, 'bin')}:${process.env.PATH}` },
  });
  const calls = readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
  const [, end = ''] = /^(--- (?:failed|passed only)[\s\S]*|\d+ passed, .*)$/m.exec(stdout) ?? [];
  return { code, calls, end: end.trim().split('\n') };
}

const A = 'test/a.test.ts';
const B = 'test/b.test.ts';
const WITH_A_FAILURE = { [A]: { waits: 'too late', adds: '' }, [B]: { sorts: '' } };
const AGAIN = `-- --no-file-parallelism ${A}`;
/** The types, the lint, the generated files and the build count as one test each. */
const sums = (passed: number, failed: number) => `${passed + 4} passed, ${failed} failed`;

describe('a test that fails in CI', needing('bash'), () => {
  it('has passed when its file passes alone, and is named with its failure', async () => {
    const { code, calls, end } = await runSuite(
      { files: WITH_A_FAILURE },
      { files: { [A]: { waits: '', adds: '' } } },
    );
    expect(calls).toEqual(['--', AGAIN]);
    const named = ['--- passed only when run alone:', `${A} > waits`, '    too late'];
    expect(end).toEqual([...named, sums(3, 0)]);
    expect(code).toBe(0);
  });

  it('has failed when any test of its file fails alone', async () => {
    const { code, calls, end } = await runSuite(
      { files: { ...WITH_A_FAILURE, [B]: { sorts: 'too slow' } } },
      { files: { [A]: { waits: '', adds: 'not 2' }, [B]: { sorts: '' } } },
    );
    const again = `${AGAIN} ${B}`;
    expect(calls).toEqual(['--', again]);
    const failed = [`--- failed: npm test ${again}`, `${A} > adds`, '    not 2'];
    const named = ['--- passed only when run alone:', `${B} > sorts`, '    too slow'];
    expect(end).toEqual([...failed, '', ...named, sums(2, 1)]);
    expect(code).toBe(1);
  });

  it('has failed when the run of its file alone breaks down', async () => {
    const { code, end } = await runSuite({ files: WITH_A_FAILURE }, { files: {}, code: 137 });
    expect(end).toEqual([`--- failed: npm test ${AGAIN}`, `${A} > waits`, '    too late', sums(2, 1)]);
    expect(code).toBe(1);
  });

  it('has failed at once where there was an unhandled error too', async () => {
    const { code, calls, end } = await runSuite({
      files: WITH_A_FAILURE,
      prints: '--- Unhandled Errors ---',
    });
    expect(calls).toEqual(['--']);
    expect(end).toEqual(['--- failed: npm test --', `${A} > waits`, '    too late', sums(2, 1)]);
    expect(code).toBe(1);
  });
});

describe('another step that fails in CI', needing('bash'), () => {
  const step = 'check npm run --silent lint';
  const runWith = (failures: number) => {
    writeFileSync(join(directory, 'failures of lint'), `${failures}\n`);
    // The second word of the command is its option.

    return runSuite({ files: { [A]: { waits: '' } } });
  };
  const timesLinted = () =>
    readFileSync(join(directory, 'steps'), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('lint')).length;

  it('has passed when it passes alone, and is named', async () => {
    const { code, end } = await runWith(1);
    expect(end).toEqual(['--- passed only when run alone:', step, sums(1, 0)]);
    expect([code, timesLinted()]).toEqual([0, 2]);
  });

  it('has failed when it fails alone as well', async () => {
    const { code, end } = await runWith(2);
    expect(end).toEqual(['--- failed: npm run --silent lint', 'broken', `${1 + 3} passed, 1 failed`]);
    expect([code, timesLinted()]).toEqual([1, 2]);
  });
});

describe('a run of the tests in CI', needing('bash'), () => {
  it('that passes is not run again', async () => {
    const { code, calls, end } = await runSuite({ files: { [A]: { waits: '' } } });
    expect([code, calls, end]).toEqual([0, ['--'], [sums(1, 0)]]);
  });

  it.each([
    ['breaks down', { files: {}, prints: 'out of memory', code: 137 }, 0],
    [
      'passes with an unhandled error',
      { files: { [A]: { waits: '' } }, prints: 'Unhandled Errors', code: 1 },
      1,
    ],
  ])('that %s has failed, and is not run again', async (_title, first, passed) => {
    const { code, calls, end } = await runSuite(first);
    expect(calls).toEqual(['--']);
    expect(end).toEqual(['--- failed: npm test --', first.prints, sums(passed, 1)]);
    expect(code).toBe(1);
  });
});
