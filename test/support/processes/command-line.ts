import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, vi } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { type Respond, startRecorder } from '../api/recorder.ts';
import { MAIN } from './built.ts';
import { commandsOf, type Ended } from './commands-of.ts';
import { type GatewayProcess, startProcess, type Variables } from './process.ts';

interface Around {
  readonly variables?: Variables;
  /** Name and content of what lies in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** Makes what is no file of text there. */
  readonly prepare?: (cwd: string) => void;
  /** The text on stdin. */
  readonly input?: string;
}

/** The command line, and what it may ask. Each test begins with nothing that runs: what it has begun is ended after it. */
export function useCommandLine() {
  // A command may be a process of its own, which a busy machine makes slow.
  vi.setConfig({ testTimeout: 60_000 });
  const started: GatewayProcess[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const commands = commandsOf(MAIN);
  afterAll(commands.end);
  afterEach(async () => {
    await commands.interrupt();
    await Promise.all(started.splice(0).map((process) => process.kill()));
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  /** Starts a command as a process of its own. */
  function start(args: readonly string[], around: Around = {}): GatewayProcess {
    const { variables, input } = around;
    const process = startProcess(variables, (cwd) => fill(cwd, around), args, 'pipe', input);
    started.push(process);
    return process;
  }

  return {
    closing,
    start,
    /** Runs a command to its end, in a process that has run others. */
    async run(args: readonly string[], around: Around = {}): Promise<Ended> {
      if (around.input !== undefined) {
        const process = start(args, around);
        return { code: await process.ended, ...process.output };
      }
      const cwd = mkdtempSync(join(tmpdir(), 'luaauth-graphql-'));
      try {
        fill(cwd, around);
        const variables = { PATH: process.env.PATH, ...around.variables };
        return await commands.run({ args, cwd, variables });
      } finally {
        rmSync(cwd, { recursive: true });
      }
    },
    async record(respond: Respond) {
      const recorder = await startRecorder(respond);
      closing.push(recorder.close);
      return recorder;
    },
    async sandboxed(): Promise<Sandbox> {
      const sandbox = await startSandbox();
      closing.push(sandbox.close);
      return sandbox;
    },
  };
}

function fill(cwd: string, { files = {}, prepare }: Around): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  prepare?.(cwd);
}
