import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../python/', import.meta.url));
/** Debian's, for which it has packages. */
const DEBIAN = '/usr/bin/python3';

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the folder `python/` to its end. Programs with gql run on Debian's Python, and install gql if possible. */
export function runPython(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  needsGql = false,
): Promise<Printed> {
  const python = needsGql ? pythonWithGql() : 'python3';
  const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...variables };
  return new Promise((resolve) => {
    execFile(python, [...args], { cwd: FOLDER, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

function pythonWithGql(): string {
  const hasGql = () =>
    spawnSync(DEBIAN, ['-c', 'import gql.transport.requests'], { stdio: 'ignore' }).status === 0;
  if (!hasGql() && existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const packages = ['python3-gql', 'python3-requests', 'python3-requests-toolbelt'];
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      spawnSync('apt-get', args, { env, stdio: 'inherit' });
    }
  }
  if (hasGql()) return DEBIAN;
  throw new Error(
    'gql is missing. Install it, on Debian with "apt-get install python3-gql python3-requests-toolbelt".',
  );
}
