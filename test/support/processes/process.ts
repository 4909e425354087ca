import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MAIN } from './built.ts';

export type Variables = Readonly<Record<string, string>>;

interface ProcessOptions {
  readonly args?: readonly string[];
  /** A descriptor takes the place of the pipe on its stdout, from which then nothing is read. */
  readonly stdout?: number;
  /** The text on its stdin. */
  readonly stdin?: string;
  /** By default this Node and the build. */
  readonly command?: readonly string[];
}

/**
 * Starts the gateway's own process, as built, in an empty directory, with no other variable than those given. The caller ends it
 * by `kill`, which also removes the directory.
 */
export function startProcess(
  variables: Variables = {},
  files: (directory: string) => void = () => undefined,
  { args = [], stdout, stdin, command = [process.execPath, MAIN] }: ProcessOptions = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-'));
  files(directory);
  const [program = '', ...first] = command;
  const child = spawn(program, [...first, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...variables },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', stdout ?? 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  /** The exit code, or the signal that ended the process. */
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => code ?? signal);

  return {
    output,
    ended,
    /** The id of the process. */
    pid: child.pid as number,
    /** The URL that the process prints when it listens. */
    async listening(): Promise<string> {
      for (;;) {
        const url = /"url":"(http[^"]+)\/graphql"/.exec(output.stdout)?.[1];
        if (url !== undefined) return url;
        const over = await Promise.race([
          once(child.stdout as Readable, 'data').then(() => false),
          ended.then(() => true),
        ]);
        if (over)
          throw new Error(`The process ended instead of listening:\n${output.stdout}${output.stderr}`);
      }
    },
    /** Closes this end of the pipe on its stdout. */
    stopReading: () => child.stdout?.destroy(),
    signal: (name: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGUSR2' | 'SIGHUP') => child.kill(name),
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

export type GatewayProcess = ReturnType<typeof startProcess>;
