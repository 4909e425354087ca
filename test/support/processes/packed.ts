import { type ExecFileOptions, execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
const DASHBOARD = 'dashboard';
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs', 'examples/agents/documents'];

/** Whether no other process, such as an install or a build, writes this path. */
const isOurs = (path: string) => !/\/(node_modules|dist|src\/gql)$/.test(relative(ROOT, path));

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

const tarballIn = (folder: string) => {
  const name = existsSync(folder) && readdirSync(folder).find((file) => file.endsWith('.tgz'));
  return name ? join(folder, name) : undefined;
};

/** Packs the product as for a release, into a folder and in a copy of the sources there. So nothing here is built or removed. */
export async function pack(folder: string): Promise<Outcome> {
  const copy = join(folder, 'copy');
  for (const name of [...SOURCES, ...DOCUMENTS, DASHBOARD])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, filter: isOurs });
  // The page is made again where it is not of these sources.
  cpSync(join(ROOT, 'dist/page'), join(copy, 'dist/page'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: copy, env: BUILDING });
}

/** Copies the folder in which another process has packed the same sources. */
function copyPacked(from: string, to: string): Outcome {
  const isPackage = (path: string) => path.endsWith('/node_modules');
  cpSync(from, to, { recursive: true, filter: (path) => !isPackage(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'copy/node_modules'));
  return { code: 0, stdout: '', stderr: '' };
}

/**
 * Packs the product, unless `.ci/run` has packed it into the folder PACKED for all tests. Installs it into an empty folder as a
 * user would, from the registry or npm's cache.
 */
export async function installPacked() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-package-'));
  const user = join(directory, 'user');
  const { PACKED = '' } = process.env;
  const packing = tarballIn(PACKED) ? copyPacked(PACKED, directory) : await pack(directory);
  const tarball = tarballIn(directory) ?? '';

  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const installing = await run('npm', ['install', ...flags, tarball], { cwd: user });
  return {
    packing,
    installing,
    tarball,
    /** The sources, built. */
    copy: join(directory, 'copy'),
    /** The folder of a user, with nothing but the product in it. */
    user,
    remove: () => rmSync(directory, { recursive: true }),
  };
}
