import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { startRedis } from '../support/redis/redis.ts';
import { readBlocks, type Step } from '../support/repository/documentation.ts';
import { pathOf } from '../support/repository/repository.ts';

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

/**
 * Follows a document from its beginning, in a built clone and each block in a terminal that has run the set-up. A free port takes
 * the place of 4000, and a Redis of its own that of the usual one.
 */
export async function openReader({ withRedis }: { readonly withRedis: boolean }) {
  const clone = mkdtempSync(join(tmpdir(), 'luaauth-graphql-docs-'));
  cpSync(pathOf('scripts/bin'), join(clone, 'scripts/bin'), { recursive: true });
  symlinkSync(pathOf('dist'), join(clone, 'dist'));
  const redis = withRedis ? await startRedis() : undefined;
  const children: ChildProcess[] = [];
  let gatewayUrl = '';

  async function stopGateways() {
    await Promise.all(children.splice(0).map(endGroup));
    gatewayUrl = '';
  }

  /** Runs a block of shell to its end, or until it serves. */
  function shell(text: string): Promise<string> {
    const url = gatewayUrl;
    const script = `${terminal}\n${text.replace(START, 'luaauth-graphql')}`
      .replaceAll('redis://127.0.0.1:6379', redis?.url ?? '')
      .replaceAll('http://127.0.0.1:4000', url);
    // One pipe keeps the order of both outputs.
    const child = spawnBash(`exec 2>&1\n${script}`, clone);
    let output = '';
    return new Promise((resolve, reject) => {
      const onText = (chunk: Buffer) => {
        output += chunk;
        const served = children.includes(child) ? [] : /"url":"(http[^"]+)\/graphql"/.exec(output);
        if (!served?.[1]) return;
        children.push(child);
        gatewayUrl = served[1];
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
      if (isAsked && !starts && gatewayUrl === '') await shell('luaauth-graphql');
      return kind === 'graphql' ? post(text, variables) : shell(text);
    },
    async leave() {
      await stopGateways();
      await redis?.close();
      rmSync(clone, { recursive: true });
    },
  };
}

/** What starts a gateway in a clone, and in an empty folder. */
const START = /(?:git clone .* && )?npm start$/m;

const startsGateway = (text: string) =>
  START.test(text) || /^(?:[A-Z_]+=\S* )*luaauth-graphql(?= -| >| \||$)/m.test(text);

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
