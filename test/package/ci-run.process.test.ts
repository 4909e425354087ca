import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../support/packed.ts';
import { pathOf } from '../support/repository.ts';
import { needing } from '../support/tools.ts';

/** One run of `npm test`: its files, and why each test failed, or '' where it passed. */
interface Run {
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly prints?: string;
  readonly code?: number;
}

const TOOLS = ['redis-server', 'valkey-server', 'chromium', 'curl', 'openssl'];
/** Writes down what it is called with. Each `npm test` does as the next run says. */
const NPM = `
[ "$1" = test ] || exit 0
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
