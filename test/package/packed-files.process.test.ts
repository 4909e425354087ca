import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useScript } from '../support/processes/script.ts';
import { pathOf } from '../support/repository/repository.ts';

const list = useScript(pathOf('scripts/packed-files.ts'));
const MANIFEST = {
  name: 'luaauth-graphql',
  version: '1.2.3',
  bin: { 'luaauth-graphql': 'dist/main.js' },
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './package.json': './package.json',
  },
};
const COMPLETE = ['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'README.md'];

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'luaauth-graphql-contents-'));
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(MANIFEST));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Packs files, and runs the script over the tarball. */
async function listed(paths: readonly string[], manifest: object = MANIFEST) {
  for (const path of [...paths, 'package.json']) {
    const at = join(cwd, 'package', path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, path === 'package.json' ? JSON.stringify(manifest) : path);
  }
  execFileSync(
    'tar',
    ['-czf', 'packed.tgz', 'package/package.json', ...paths.map((path) => `package/${path}`)],
    { cwd },
  );
  return list(['packed.tgz'], cwd);
}

describe('the contents of a tarball', () => {
  it('are counted by folder, with the digest that npm shows', async () => {
    const { code, stdout, stderr } = await listed([
      ...COMPLETE,
      'docs/recipes/roles.md',
      'dist/page/page-1a.js',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replace(/\d+ bytes/, 'N bytes').replace(/sha512-\S{86}==/, 'sha512-…')).toBe(
      [
        'luaauth-graphql@1.2.3: 7 files, N bytes packed',
        '     2  .',
        '     3  dist',
        '     1  dist/page',
        '     1  docs/recipes',
        'sha512-…',
        '',
      ].join('\n'),
    );
  });

  it.each([
    '.env',
    'src/main.ts',
    'dist/main.js.map',
    'test/a.test.ts',
    'docs/key.pem',
    'node_modules/a/index.js',
  ])('are refused with %s', async (path) => {
    const { code, stderr } = await listed([...COMPLETE, path]);
    expect([code, stderr]).toEqual([1, `${path} is not for publishing.\n`]);
  });

  it('are refused where a command or an import leads nowhere', async () => {
    const { code, stderr } = await listed(COMPLETE.slice(2));
    expect([code, stderr]).toEqual([
      1,
      'package.json names dist/main.js, which is missing.\npackage.json names dist/index.js, which is missing.\n',
    ]);
  });

  it('are refused in another version than that of package.json', async () => {
    const { code, stderr } = await listed(COMPLETE, { ...MANIFEST, version: '1.2.2' });
    expect([code, stderr]).toEqual([1, 'It is not luaauth-graphql@1.2.3, which package.json has.\n']);
  });
});

it('a tarball that is not there is an error with words', async () => {
  const { code, stderr } = await list(['none.tgz'], cwd);
  expect([code, stderr]).toEqual([1, "ENOENT: no such file or directory, open 'none.tgz'\n"]);
});
