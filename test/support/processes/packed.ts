import { type ExecFileOptions, execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILDING } from './built.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCES = [
  'src',
  'schema',
  'scripts/bundle.ts',
  'scripts/bundle-graphiql.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
];
const DASHBOARD = 'examples/react-dashboard';
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs', 'examples/agents/documents'];

/** Whether no other process, such as an install or a build, writes this path. */
const isOurs = (path: string) =>
  !/\/(node_modules|dist|\.vitepress\/(\.temp|cache)|src\/gql)$/.test(relative(ROOT, path));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever comes of it. */
export function run(command: string, args: readonly string[], options: ExecFileOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout: String(stdout), stderr: String(stderr) });
    });
  });
}

/**
 * Packs the product as for a release, in a copy, so that nothing here is built or removed. Installs it into an empty folder
 * as a user would, from the registry or npm's cache.
 */
export async function installPacked() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-package-'));
  const copy = join(directory, 'copy');
  const user = join(directory, 'user');
  for (const name of [...SOURCES, ...DOCUMENTS, DASHBOARD])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter: isOurs });
  // The page is made again where it is not of these sources.
  cpSync(join(ROOT, 'dist/page'), join(copy, 'dist/page'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const packing = await run('npm', ['pack', '--silent', '--pack-destination', directory], {
    cwd: copy,
    env: BUILDING,
  });
  const tarball = join(directory, packing.stdout.trim().split('\n').at(-1) ?? '');

  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const installing = await run('npm', ['install', ...flags, tarball], { cwd: user });
  return {
    packing,
    installing,
    tarball,
    /** The sources, built. */
    copy,
    /** The folder of a user, with nothing but the product in it. */
    user,
    remove: () => rmSync(directory, { recursive: true }),
  };
}
