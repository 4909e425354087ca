import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, vi } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { type Respond, startRecorder } from '../api/recorder.ts';
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
  // Processes are slow on a busy machine.
  vi.setConfig({ testTimeout: 60_000 });
  const started: GatewayProcess[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
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
    /** Runs a command to its end, as a process of its own. */
    async run(args: readonly string[], around?: Around) {
      const process = start(args, around);
      return { code: await process.ended, ...process.output };
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
