import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { jsonPost } from '../clients/json-post.ts';
import { startDefaultGateway } from '../gateways/default-gateway.ts';
import { startRedis } from '../redis/redis.ts';
import { readBlocks, type Step } from './documentation.ts';
import { pathOf } from './repository.ts';

/** The commands of docs/set-up.md, with which a terminal begins. */
const terminal = readBlocks('docs/set-up.md').map(({ text }) => text)[0] ?? '';

/** The shell of a newcomer has Node and the programs of the system, but no folder of ours. A gateway takes any free port. */
const env = {
  HOME: process.env.HOME,
  PORT: '0',
  PATH: [dirname(process.execPath), ...(process.env.PATH ?? '').split(':')]
    .filter((folder) => !folder.includes('node_modules') && !folder.startsWith(pathOf('')))
    .join(':'),
};

/** Where a reader is: what runs there, and how the addresses of the pages are written there. */
interface Place {
  readonly clone: string;
  readonly localize: (text: string, gatewayUrl: string) => string;
  readonly close: () => Promise<unknown>;
}

/**
 * A clone with a free port in place of 4000, and a Redis of its own in place of the usual port.
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
  const redis = withRedis ? await startRedis() : undefined;
  return {
    clone,
    localize: (text, gatewayUrl) =>
      text
        .replaceAll('redis://127.0.0.1:6379', redis?.url ?? '')
        .replaceAll('http://127.0.0.1:4000', gatewayUrl),
    async close() {
      await redis?.close();
      rmSync(clone, { recursive: true });
    },
  };
}

/** Follows a document from its beginning, each block in a terminal that has run the set-up. */
export function createReader(place: Place) {
  const children: ChildProcess[] = [];
  /** Asked until the document starts a gateway. */
  let byDefault: Awaited<ReturnType<typeof startDefaultGateway>> | undefined;
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
    const script = place.localize(`${terminal}\n${text}`, url);
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
      child.once('close', () => resolve(output.replaceAll(url || '\0', 'http://127.0.0.1:4000')));
    });
  }

  async function post(query: string, variables: unknown): Promise<string> {
    const response = await fetch(
      `${gatewayUrl}/graphql`,
      jsonPost({ query, variables }, { token: sandboxKeys.full }),
    );
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
        byDefault = await startDefaultGateway();
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
function spawnBash(script: string, cwd: string) {
  return spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Ends a shell and what it runs. */
async function endGroup(child: ChildProcess): Promise<void> {
  const isOver = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
  await isOver;
}
