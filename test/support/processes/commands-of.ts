import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('./run-commands.mjs', import.meta.url));

export interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Another module than the usual one: the same in another folder. */
  readonly module?: string;
}

type OnPrint = (stdout: string) => void;

export interface Ended {
  /** The exit code, or the signal that ended the process. */
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the commands of a module one after the other in one process, because a start takes longer than most commands. A test of
 * the start itself, of signals, or of several commands at once starts processes of its own.
 */
export function commandsOf(module: string, nodeFlags: readonly string[] = []) {
  let runner: ReturnType<typeof startRunner> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Ends the process, with the command that it may run. */
  async function end(): Promise<void> {
    const ending = runner?.end();
    runner = undefined;
    await ending;
  }

  return {
    end,
    /** Ends the process if a command has not ended by itself. */
    interrupt: async () => {
      if (runner?.isBusy()) await end();
    },
    signal: (name: 'SIGTERM') => runner?.signal(name),
    /** @param onPrint is told all that stdout has got of the command, each time it gets more */
    run(command: Command, onPrint?: OnPrint): Promise<Ended> {
      const ended = last.then(() => {
        if (!runner?.isAlive()) runner = startRunner(module, nodeFlags);
        return runner.run(command, onPrint);
      });
      last = ended;
      return ended;
    },
  };
}

function startRunner(module: string, nodeFlags: readonly string[]) {
  const child = fork(RUNNER, [module], {
    execArgv: [...nodeFlags],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const closed = once(child, 'close');
  let isClosed = false;
  let output = { stdout: '', stderr: '' };
  let onPrint: OnPrint | undefined;
  let resolve: ((ended: Ended) => void) | undefined;
  const settle = (ended: Ended) => {
    resolve?.(ended);
    resolve = undefined;
  };
  for (const name of ['stdout', 'stderr'] as const) {
    (child[name] as Readable).setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (name === 'stdout') onPrint?.(output.stdout);
      const [stdout, stderr] = [bodyOf(output.stdout), bodyOf(output.stderr)];
      if (stdout && stderr) settle({ code: stdout.code, stdout: stdout.text, stderr: stderr.text });
    });
  }
  // Once both outputs are read to their ends.
  void closed.then(([code, signal]) => {
    isClosed = true;
    settle({ code: code ?? signal, ...output });
  });

  return {
    run(command: Command, telling?: OnPrint): Promise<Ended> {
      output = { stdout: '', stderr: '' };
      onPrint = telling;
      return new Promise((done) => {
        resolve = done;
        child.send(command);
      });
    },
    signal: (name: NodeJS.Signals) => child.kill(name),
    isAlive: () => !isClosed,
    isBusy: () => resolve !== undefined,
    async end(): Promise<void> {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** An output without the exit code at its end; undefined while the command runs. */
function bodyOf(output: string) {
  const [end, code] = /\0(\d+)\0$/.exec(output) ?? [];
  return end === undefined ? undefined : { code: Number(code), text: output.slice(0, -end.length) };
}
