import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the first of these commands that is on the PATH. */
function find(...commands: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return commands.flatMap((command) => folders.map((folder) => join(folder, command))).find(existsSync);
}

/** The servers on this machine that speak the protocol of Redis. */
export const ENGINES = ['redis-server', 'valkey-server'].filter((command) => find(command));

interface Row {
  /** Its path, if this machine has it. */
  readonly find: () => string | undefined;
  readonly install: string;
}

/** Tools that some tests need besides Node, npm and the commands of POSIX. */
export const TOOLS = {
  Redis: {
    find: () => ENGINES[0],
    install: 'apt-get install redis-server valkey-server    (or: brew install redis valkey)',
  },
  Chromium: {
    find: () => process.env.CHROME_PATH || find('chromium', 'chromium-browser', 'google-chrome'),
    install: 'apt-get install chromium    (or set CHROME_PATH to the path of Chromium or Chrome)',
  },
  bash: { find: () => find('bash'), install: 'apt-get install bash' },
  curl: { find: () => find('curl'), install: 'apt-get install curl' },
  openssl: { find: () => find('openssl'), install: 'apt-get install openssl' },
  'script of util-linux': { find: findScript, install: 'apt-get install bsdutils' },
} satisfies Readonly<Record<string, Row>>;

export type Tool = keyof typeof TOOLS;

/** The options of a suite or a test that is skipped where a tool is missing. The end of a run says what was missing. */
export const needing = (...tools: readonly Tool[]) => ({ skip: tools.some((tool) => !TOOLS[tool].find()) });

/** macOS and BusyBox have a `script` with other options. */
function findScript(): string | undefined {
  const path = find('script');
  const said = path && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
  return said?.includes('util-linux') ? path : undefined;
}
