import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BUILDING } from '../processes/built.ts';

const BUILT = Symbol.for('luaauth-graphql: the product is built');
const once = globalThis as { [BUILT]?: boolean };

/** Builds the product before any test starts a process of it, once for all projects of a run. Only what has changed is built. */
export function setup(): void {
  if (once[BUILT]) return;
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit', env: BUILDING });
  once[BUILT] = true;
}
