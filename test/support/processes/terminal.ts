import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from './built.ts';
import type { Variables } from './process.ts';

/**
 * Starts the gateway, another build of it or a command, as somebody at a terminal does, by `script` of util-linux. The
 * caller ends it by `kill`.
 */
export function startOnTerminal(variables: Variables, main = MAIN, args: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-terminal-'));
  const command = `echo $$; exec ${[process.execPath, main, ...args].map((part) => `'${part}'`).join(' ')}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: directory,
    env: { PATH: process.env.PATH, SHELL: '/bin/sh', ...variables },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  /** The shell printed its own id, and became the gateway. */
  const pid = () => Number.parseInt(text, 10);
  return {
    ended,
    /** The lines on the terminal, without colours. */
    lines: () =>
      text
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of.
        .replaceAll(/\u001b\[\d+m/g, '')
        .split('\r\n')
        .slice(1),
    /** Presses keys. */
    type: (keys: string) => child.stdin.write(keys),
    signal: (name: 'SIGTERM') => process.kill(pid(), name),
    async kill(): Promise<void> {
      if (child.exitCode === null && pid() > 0) process.kill(pid(), 'SIGKILL');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}
