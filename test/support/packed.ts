import { type ExecFileOptions, execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = ['src', 'schema', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md'];

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
 * Packs the product as for a release, in a copy, so that nothing here is built or removed, and installs it into an empty
 * folder as a user would: from the registry, or what npm has kept of it.
 */
export async function installPacked() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-package-'));
  const copy = join(directory, 'copy');
  const user = join(directory, 'user');
  for (const name of [...SOURCES, ...DOCUMENTS])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const packing = await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: copy });
  const tarball = join(directory, packing.stdout.trim().split('\n').at(-1) ?? '');

  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const install = (cwd: string, ...more: string[]) =>
    run('npm', ['install', ...flags, ...more, tarball], { cwd });
  const installing = await install(user);
  return {
    packing,
    installing,
    tarball,
    /** The sources, built. */
    copy,
    /** The folder of a user, with nothing but the product in it. */
    user,
    /** Another such folder, without what the product can do without. */
    async installLess(): Promise<string> {
      const less = join(directory, 'less');
      mkdirSync(less);
      writeFileSync(join(less, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
      const { code, stderr } = await install(less, '--omit=optional');
      if (code !== 0) throw new Error(stderr);
      return less;
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
