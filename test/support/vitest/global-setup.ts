import { execFileSync } from 'node:child_process';
import { BUILDING } from '../processes/built.ts';
import { TOOLS } from '../processes/tools.ts';
import { pathOf } from '../repository/repository.ts';

const DONE = Symbol.for('luaauth-graphql: tests are set up');
const once = globalThis as { [DONE]?: boolean };

/**
 * Builds what has changed of the product before any test starts a process of it, once for all projects of a run. The last lines
 * of the run say which tools are missing here.
 */
export function setup(): void {
  if (once[DONE]) return;
  once[DONE] = true;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: pathOf('.'), stdio: 'inherit', env: BUILDING });
  const missing = Object.entries(TOOLS).filter(([, { find }]) => !find());
  const lines = missing.map(([tool, { install }]) => `  ${tool}: ${install}`);
  if (lines.length > 0)
    process.once('exit', () =>
      console.log(`\nTests that need one of these were skipped:\n${lines.join('\n')}`),
    );
}
