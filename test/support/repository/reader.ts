import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { startSandbox } from '../../../src/features/sandbox/server.ts';
import { startDefaultGateway } from '../gateways/default-gateway.ts';
import { startRedis } from '../redis/redis.ts';
import { readBlocks, type Step } from './documentation.ts';
import { pathOf } from './repository.ts';

const SET_UP = readBlocks('docs/set-up.md').filter(({ language }) => language === 'sh');
/** The commands of docs/set-up.md: build the clone, begin a terminal, run the sandbox, run the gateway. */
export const [build = '', terminal = '', sandbox = '', gateway = ''] = SET_UP.map(({ text }) => text);

/** The shell of a newcomer has Node and the programs of the system, but no folder of ours. */
const env = {
  HOME: process.env.HOME,
  PATH: [dirname(process.execPath), ...(process.env.PATH ?? '').split(':')]
    .filter((folder) => !folder.includes('node_modules') && !folder.startsWith(pathOf('')))
    .join(':'),
};

/** Where a reader is: what runs there, and how the addresses of the pages are written there. */
export interface Place {
  readonly clone: string;
  /** The commands with which a terminal begins. */
  readonly terminal: string;
  readonly localize: (text: string, gatewayUrl: string) => string;
  readonly globalize: (text: string, gatewayUrl: string) => string;
  /** Starts the gateway of the set-up. */
  readonly startGateway: () => Promise<{ readonly url: string; close(): Promise<unknown> }>;
  readonly close: () => Promise<unknown>;
}

/**
 * A clone with free ports in place of 4000 and 4001, and a Redis of its own in place of the usual port.
 * @param command the text of the command `luaauth-graphql`
 */
export async function openPlace({
  command,
  withRedis,
}: {
  command: string;
  withRedis: boolean;
}): Promise<Place> {
  const clone = mkdtempSync(join(tmpdir(), 'luaauth-graphql-docs-'));
  mkdirSync(join(clone, 'scripts/bin'), { recursive: true });
  writeFileSync(join(clone, 'scripts/bin/luaauth-graphql'), command, { mode: 0o755 });
  const api = await startSandbox();
  const redis = withRedis ? await startRedis() : undefined;
  return {
    clone,
    terminal,
    localize: (text, gatewayUrl) =>
      text
        .replaceAll(' PORT=4000', ' PORT=0')
        .replaceAll('http://127.0.0.1:4001', api.url)
        .replaceAll('redis://127.0.0.1:6379', redis?.url ?? '')
        // The sandbox may have a port that begins so.
        .replaceAll(/http:\/\/127\.0\.0\.1:4000(?!\d)/g, gatewayUrl),
    globalize: (text, gatewayUrl) =>
      text
        .replaceAll(api.url, 'http://127.0.0.1:4001')
        .replaceAll(gatewayUrl || '\0', 'http://127.0.0.1:4000'),
    startGateway: () => startDefaultGateway(api.url),
    async close() {
      await api.close();
      await redis?.close();
      rmSync(clone, { recursive: true });
    },
  };
}

/** Follows a document from its beginning, each block in a terminal that has run the set-up. */
export function createReader(place: Place) {
  const children: ChildProcess[] = [];
  /** Asked until the document starts a gateway. */
  let byDefault: Awaited<ReturnType<Place['startGateway']>> | undefined;
  let gatewayUrl = '';

  async function stopGateways() {
    await Promise.all(children.splice(0).map(endGroup));
    await byDefault?.close();
    byDefault = undefined;
    gatewayUrl = '';
  }

  /** Runs a block of shell to its end, or until it serves. */
  function shell(text: string): Promise<string> {
    const url = gatewayUrl;
    const script = place.localize(`${place.terminal}\n${text}`, url);
    // One pipe keeps the order of both outputs.
    const child = spawnBash(`exec 2>&1\n${script}`, place.clone);
    let output = '';
    return new Promise((resolve, reject) => {
      const onText = (chunk: Buffer) => {
        output += chunk;
        const [, served] = /"url":"(http[^"]+)\/graphql"/.exec(output) ?? [];
        if (served === undefined || children.includes(child)) return;
        children.push(child);
        gatewayUrl = served;
        // A server goes on printing after this.
        resolve('');
      };
      child.stdout.on('data', onText);
      child.once('error', reject);
      child.once('close', () => resolve(place.globalize(output, url)));
    });
  }

  async function post(query: string, variables: unknown): Promise<string> {
    const response = await fetch(`${gatewayUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: sandboxKeys.full },
      body: JSON.stringify({ query, variables }),
    });
    return response.text();
  }

  return {
    /** The output of a step, or its answer. */
    async follow({ kind, text, variables }: Step): Promise<string> {
      // As the set-up says: first stop the gateway that runs.
      const starts = kind === 'sh' && startsGateway(text);
      if (starts) await stopGateways();
      const isAsked = kind === 'graphql' || text.includes('http://127.0.0.1:4000');
      if (isAsked && !starts && gatewayUrl === '') {
        byDefault = await place.startGateway();
        gatewayUrl = byDefault.url;
      }
      return kind === 'graphql' ? post(text, variables) : shell(text);
    },
    async leave() {
      await stopGateways();
      await place.close();
    },
  };
}

const startsGateway = (text: string) =>
  /^(?:[A-Z_]+=\S* )*(?:npm start|luaauth-graphql(?= -| >| \||$))/m.test(text);

/** Runs commands as a newcomer's shell does. */
export function spawnBash(script: string, cwd: string) {
  return spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Ends a shell and what it runs. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const isOver = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
  await isOver;
}
