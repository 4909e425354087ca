import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from '../support/repository/repository.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-tools-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** An executable file in the folder of this test. */
function command(name: string, script = ''): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('a machine with only Node', () => {
  /** Files with tests that need a browser or a Redis. */
  const files = [
    'test/features/graphiql/graphiql-browser.browser.test.ts',
    'test/features/redis/tampered-values.redis.test.ts',
  ];

  it('skips the tests that need more, counts them at the end, and installs nothing', async () => {
    const called = join(directory, 'called');
    command('apt-get', `echo "$@" >>${called}`);
    symlinkSync(process.execPath, join(directory, 'node'));
    const config = join(directory, 'vitest.config.mjs');
    // One thread for all files: none of them runs a test.
    const once = { pool: 'threads', isolate: false, maxWorkers: 1, experimental: { fsModuleCache: true } };
    const test = { include: files, globalSetup: 'test/support/vitest/say-what-is-missing.ts', ...once };
    writeFileSync(config, `export default ${JSON.stringify({ root: pathOf(''), test })};`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [pathOf('node_modules/vitest/vitest.mjs'), 'run', '--config', config],
      { cwd: pathOf(''), env: { PATH: directory, HOME: directory, NO_COLOR: '1' } },
    );
    const counts = files.map(
      (file) => new RegExp(`${file} \\((\\d+) tests? \\| \\1 skipped\\)`).exec(stdout)?.[1],
    );
    const [browser, redis] = counts;
    expect(stdout).toMatch(/^ Test Files {2}2 skipped \(2\)$/m);
    expect(stdout.split('\n\n').at(-1)?.trim().split('\n').toSorted()).toEqual(
      [
        'Tests skipped for lack of a tool:',
        `  ${browser} need Chromium: apt-get install chromium    (or set CHROME_PATH to the path of Chromium or Chrome)`,
        `  ${redis} need Redis: apt-get install redis-server valkey-server    (or: brew install redis valkey)`,
      ].toSorted(),
    );
    expect(existsSync(called) ? readFileSync(called, 'utf8') : '').toBe('');
  });
});
