import { execFile, execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../support/network/free-port.ts';
import { TYPESCRIPT } from '../support/processes/built.ts';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The gateway with this descriptor as its stdout, once it answers. */
async function startOn(stdout: number) {
  const port = await freePort();
  const gateway = startProcess({ PORT: port, METRICS_KEY: 'reader' }, undefined, { stdout });
  closing.push(gateway.kill);
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/health`)).status).toBe(200), {
    timeout: 60_000,
    interval: 50,
  });
  return { gateway, url };
}

/** As much as a log line tells of a name: the longer the lines, the fewer of them fill what may wait to be written. */
const NAME = 'a'.repeat(100);
const HEADERS = {
  'content-type': 'application/json',
  'x-request-id': NAME,
  'graphql-client-name': NAME,
  'graphql-client-version': NAME,
};

/** Sends so many operations, each with a log line of more than 500 bytes. All are answered. */
async function operate(url: string, count: number): Promise<void> {
  const pool = new Pool(url, { connections: 10 });
  const body = JSON.stringify({ query: `query ${NAME} { __typename }` });
  const send = async () => {
    const answer = await pool.request({ path: '/graphql', method: 'POST', headers: HEADERS, body });
    return answer.body.text();
  };
  const answers = await Promise.all(Array.from({ length: count }, send));
  expect(new Set(answers)).toEqual(new Set(['{"data":{"__typename":"Query"}}']));
  await pool.close();
}

async function lostLines(url: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer reader' } });
  const [, count] = /^luaauth_log_lines_lost_total (\d+)$/m.exec(await response.text()) ?? [];
  return Number(count);
}

async function stops(gateway: GatewayProcess): Promise<void> {
  gateway.signal('SIGTERM');
  expect(await gateway.ended).toBe(0);
  expect(gateway.output.stderr).toBe('');
}

/** A pipe that is never closed, and is read when a test says so. */
function openPipe() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-pipe-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const end = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  closing.push(() => rmSync(directory, { recursive: true }));
  closing.push(() => closeSync(end));
  // The process gets a descriptor that nobody has made non-blocking for it.
  const writer = openSync(path, constants.O_RDWR);
  closing.push(() => closeSync(writer));
  let text = '';
  return {
    writer,
    /** All that has come through it, with what it holds now. */
    read(): string {
      const chunk = Buffer.alloc(64 * 1024);
      try {
        for (;;) text += chunk.toString('utf8', 0, readSync(end, chunk));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      return text;
    },
  };
}

describe('a stdout whose reader stands still', () => {
  it('costs lines, which are counted, and nothing else; once it reads again it is told so', async () => {
    const pipe = openPipe();
    const { gateway, url } = await startOn(pipe.writer);
    const OPERATIONS = 3_000;
    await operate(url, OPERATIONS);
    const lost = await lostLines(url);
    expect(lost).toBeGreaterThan(0);

    await eventually(() => expect(pipe.read().includes('are lost')).toBe(true));
    const lines = pipe
      .read()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg: string });
    const operations = lines.filter(({ msg }) => msg === 'operation');
    expect(operations.length + lost).toBe(OPERATIONS);
    expect(lines.map(({ msg }) => msg).filter((msg) => msg !== 'operation')).toEqual([
      'started',
      `stdout accepted no lines for a while: ${lost} lines are lost`,
    ]);
    await operate(url, 10);
    expect(await lostLines(url)).toBe(lost);
    await stops(gateway);
  });

  it('does not keep the process when it is told to stop', async () => {
    const pipe = openPipe();
    const { gateway, url } = await startOn(pipe.writer);
    await operate(url, 1_000);
    await stops(gateway);
  });
});

describe('a stdout that is gone', () => {
  it('ends nothing', async () => {
    const gateway = startProcess({ PORT: '0' });
    closing.push(gateway.kill);
    const url = await gateway.listening();
    gateway.stopReading();
    await operate(url, 100);
    await stops(gateway);
  });
});

describe.runIf(existsSync('/dev/full'))('a stdout on a full disk', () => {
  it('ends nothing, from the start on', async () => {
    const full = openSync('/dev/full', 'w');
    closing.push(() => closeSync(full));
    const { gateway, url } = await startOn(full);
    await operate(url, 3_000);
    expect(await lostLines(url)).toBeGreaterThan(0);
    await stops(gateway);
  });
});

describe('a process that breaks down', () => {
  it('has its last lines written', async () => {
    const script = fileURLToPath(new URL('./crashing-process.ts', import.meta.url));
    const [error, stdout] = await new Promise<[Error | null, string]>((resolve) => {
      execFile(process.execPath, [...TYPESCRIPT, script], (failure, text) => resolve([failure, text]));
    });
    expect(error).toMatchObject({ code: 1 });
    expect(stdout).toBe('first\nsecond\nlast\n');
  });
});
