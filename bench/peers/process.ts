import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Its output, when it has ended by itself; undefined: it has not. */
  failure(): string | undefined;
  stop(): Promise<void>;
}

const started = new Set<Running>();

/** Ends whatever is still running, for an end by signal or error. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((running) => running.stop()));
}

export function startProcess({ name, command, args, env, cwd }: ProcessOptions): Running {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let failure: string | undefined;
  const note = (chunk: Buffer) => {
    output = (output + chunk).slice(-2_000);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const ended = new Promise<void>((resolve) => {
    child.once('error', ({ message }) => {
      failure = `${name} cannot be started (${message}). Install what it needs: apt-get install nginx-light, npm ci in bench/peers.`;
      resolve();
    });
    child.once('exit', (code, signal) => {
      failure ??= `${name} ended (${signal ?? `code ${code}`}):\n${output}`;
      resolve();
    });
  });
  const running: Running = {
    name,
    pid: child.pid ?? 0,
    failure: () => failure,
    async stop() {
      started.delete(running);
      if (failure !== undefined) return;
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(patience);
    },
  };
  started.add(running);
  return running;
}

/** Asks again and again until the answer is true. @throws when the process has ended, or when 20 s have passed. */
export async function waitUntil(running: Running, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const failure = running.failure();
    if (failure !== undefined) throw new Error(failure);
    if (await isReady().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`${running.name} does not answer.`);
    await delay(3);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Linux counts a process's time in hundredths of a second. */
const MS_PER_TICK = 10;

/** The CPU time that a process and all that it has started have taken so far, in ms. */
export function cpuTimeMs(pid: number): number {
  return sum(withChildren(pid).map(ownCpuTimeMs));
}

function ownCpuTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The most memory that a process and all that it has started have held so far, in MB; what they share counts for each. */
export function peakMemoryMb(pid: number): number {
  return sum(withChildren(pid).map(ownPeakMemoryMb));
}

function ownPeakMemoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** A process and all that it has started, itself first. */
function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
  return [pid, ...children.flatMap((child) => withChildren(Number(child)))];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
