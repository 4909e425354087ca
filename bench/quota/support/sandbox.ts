import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stop } from './process.ts';
import type { SandboxCount, SandboxQuestion, SandboxReady } from './sandbox-messages.ts';

/** The REST side, running in a process of its own. */
export interface SandboxProcess {
  readonly url: string;
  readonly pid: number;
  /** Counts from zero from here on. */
  begin(): Promise<void>;
  count(): Promise<SandboxCount>;
  stop(): Promise<void>;
}

/** Starts the REST side with so many scripts. */
export async function openSandbox(scripts: number): Promise<SandboxProcess> {
  const child = fork(fileURLToPath(new URL('sandbox-child.ts', import.meta.url)), [String(scripts)], {
    execArgv: ['--import', 'tsx'],
  });
  const { url } = await answer<SandboxReady>(child);
  const ask = (question: SandboxQuestion) => {
    child.send(question);
    return answer<SandboxCount>(child);
  };
  return {
    url,
    pid: child.pid as number,
    begin: async () => void (await ask('begin')),
    count: () => ask('count'),
    stop: () => stop(child),
  };
}

async function answer<Message>(child: ChildProcess): Promise<Message> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The sandbox's process ended with code ${code}.`);
  });
  // Raced against below; when the message wins, the later end of the process is no failure.
  exited.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), exited]);
  return message as Message;
}
