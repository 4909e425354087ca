import { execFileSync } from 'node:child_process';
import { findChromium } from '../browsers/chromium.ts';
import { findCommand } from './commands.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The tools that a skipped test needs and this machine lacks. */
    missing?: readonly Tool[];
  }
}

interface Row {
  readonly find: () => string | undefined;
  readonly install: string;
}

/** The servers on this machine that speak the protocol of Redis. */
export const ENGINES = ['redis-server', 'valkey-server'].filter((command) => findCommand([command]));

/** Tools that some tests need besides Node, npm and the commands of POSIX. */
export const TOOLS = {
  Redis: {
    find: () => ENGINES[0],
    install: 'apt-get install redis-server valkey-server    (or: brew install redis valkey)',
  },
  Chromium: {
    find: () => findChromium(),
    install: 'apt-get install chromium    (or set CHROME_PATH to the path of Chromium or Chrome)',
  },
  bash: { find: () => findCommand(['bash']), install: 'apt-get install bash' },
  curl: { find: () => findCommand(['curl']), install: 'apt-get install curl' },
  openssl: { find: () => findCommand(['openssl']), install: 'apt-get install openssl' },
  'script of util-linux': { find: findScript, install: 'apt-get install bsdutils' },
} satisfies Readonly<Record<string, Row>>;

export type Tool = keyof typeof TOOLS;

/** The options of a suite or a test that is skipped where a tool is missing. The end of a run counts what was skipped. */
export function needing(...tools: readonly Tool[]) {
  const missing = tools.filter((tool) => TOOLS[tool].find() === undefined);
  return { skip: missing.length > 0, meta: { missing } };
}

/** macOS and BusyBox have a `script` with other options. */
function findScript(): string | undefined {
  const path = findCommand(['script']);
  if (path === undefined) return undefined;
  try {
    const version = execFileSync(path, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return version.includes('util-linux') ? path : undefined;
  } catch {
    return undefined;
  }
}
