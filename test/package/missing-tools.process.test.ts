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
import { findChromium } from '../support/browsers/chromium.ts';
import { findCommand } from '../support/processes/commands.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

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

describe('Chromium', () => {
  it.each(['chromium', 'chromium-browser', 'google-chrome'])('is found as %s on the PATH', (name) => {
    const path = command(name);
    expect(findChromium({ PATH: `/nowhere:${directory}` })).toBe(path);
    rmSync(path);
    expect(findChromium({ PATH: directory }, 'linux')).toBeUndefined();
  });

  it('is taken from CHROME_PATH before the PATH', () => {
    const [own, other] = [command('my-browser'), command('chromium')];
    expect(findChromium({ PATH: directory, CHROME_PATH: own })).toBe(own);
    expect(findChromium({ PATH: directory, CHROME_PATH: '' })).toBe(other);
    rmSync(other);
  });

  it('is an error with words where CHROME_PATH names no file', () => {
    expect(() => findChromium({ PATH: directory, CHROME_PATH: '/nowhere/chrome' })).toThrow(
      'CHROME_PATH is "/nowhere/chrome", where there is no file. Give the path of a Chromium or Chrome, or unset it.',
    );
  });

  it.each([
    ['darwin', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    ['darwin', '/Applications/Chromium.app/Contents/MacOS/Chromium'],
    ['darwin', '/Users/me/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    ['win32', 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'],
    ['win32', 'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe'],
    ['win32', 'C:\\Users\\me\\AppData\\Local\\Chromium\\Application\\chrome.exe'],
  ] as const)('is found on %s at %s', (platform, place) => {
    const env = {
      PATH: directory,
      HOME: '/Users/me',
      PROGRAMFILES: 'C:\\Program Files',
      'PROGRAMFILES(X86)': 'C:\\Program Files (x86)',
      LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local',
    };
    expect(findChromium(env, platform, (path) => path === place)).toBe(place);
    expect(findChromium(env, platform, () => false)).toBeUndefined();
  });
});

it('a file that cannot be run is no command', () => {
  const path = command('curl');
  expect(findCommand(['wget', 'curl'], directory)).toBe(path);
  chmodSync(path, 0o644);
  expect(findCommand(['wget', 'curl'], directory)).toBeUndefined();
});

describe('a machine with only Node', () => {
  /** Files with tests that need a browser, a Redis, or bash and curl. */
  const files = [
    'test/features/graphiql/graphiql-browser.browser.test.ts',
    'test/features/redis/tampered-values.redis.test.ts',
    'test/package/smoke-image.process.test.ts',
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
    const [browser, redis, smoke] = counts;
    expect(stdout).toMatch(/^ Test Files {2}3 skipped \(3\)$/m);
    expect(stdout.split('\n\n').at(-1)?.trim().split('\n').toSorted()).toEqual(
      [
        'Tests skipped for lack of a tool:',
        `  ${browser} need Chromium: apt-get install chromium    (or set CHROME_PATH to the path of Chromium or Chrome)`,
        `  ${redis} need Redis: apt-get install redis-server valkey-server    (or: brew install redis valkey)`,
        `  ${smoke} need bash: apt-get install bash`,
      ].toSorted(),
    );
    expect(existsSync(called) ? readFileSync(called, 'utf8') : '').toBe('');
  });

  it('is told by the README to install, start and test with one line each, as CI does', () => {
    const lines = textOf('README.md').split('\n');
    for (const line of ['npm ci && npm start', 'npm ci && npm test'])
      expect(lines.filter((text) => text.replace(/ +#.*/, '') === line)).toHaveLength(1);
    expect(textOf('.ci/run')).toMatch(/^npm ci /m);
    expect(textOf('.ci/run')).toContain('vitest npm test --\n');
  });
});
