import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { MAIN } from './built.ts';
import { startDefaultGateway } from './default-gateway.ts';
import type { Step } from './documentation.ts';
import { startRedis } from './redis.ts';

/**
 * Somebody who follows a document from its beginning, in a folder of their own, with `luaauth-graphql` installed: a sandbox
 * is in LuaAuth's place, any free port in that of 4000, and a Redis of their own in that of the one on its usual port.
 */
export async function createReader({ withRedis = false } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-docs-'));
  const [bin, home] = [join(directory, 'bin'), join(directory, 'home')];
  for (const folder of [bin, home]) mkdirSync(folder);
  const command = join(bin, 'luaauth-graphql');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  const sandbox: Sandbox = await startSandbox();
  const redis = withRedis ? await startRedis() : undefined;
  const env = { PATH: `${bin}:${process.env.PATH}`, PORT: '0', YOUR_KEY: 'sandbox-key' };
  const children: ChildProcess[] = [];
  /** Asked until the document starts one. */
  let byDefault: Awaited<ReturnType<typeof startDefaultGateway>> | undefined;
  let gatewayUrl = '';

  const localize = (text: string) =>
    text
      .replaceAll('https://api.luaauth.com', sandbox.url)
      .replaceAll('redis://127.0.0.1:6379', redis?.url ?? '')
      // The sandbox may have a port that begins so.
      .replaceAll(/http:\/\/127\.0\.0\.1:4000(?!\d)/g, gatewayUrl);
  const globalize = (text: string) =>
    text
      .replaceAll(`${sandbox.url}/`, 'https://api.luaauth.com/')
      .replaceAll(sandbox.url, 'https://api.luaauth.com')
      .replaceAll(gatewayUrl || '\0', 'http://127.0.0.1:4000');

  /** Runs a block of shell to its end, or until it serves; whatever it served before is ended then. */
  function shell(text: string): Promise<string> {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', localize(text)], {
      cwd: home,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    return new Promise((resolve, reject) => {
      const onText = (chunk: Buffer) => {
        output += chunk;
        const [, url] = /"url":"(http[^"]+)\/graphql"/.exec(output) ?? [];
        if (url === undefined || children.includes(child)) return;
        for (const other of children.splice(0)) end(other);
        children.push(child);
        gatewayUrl = url;
        // A server goes on printing after this.
        resolve('');
      };
      child.stdout.on('data', onText);
      child.stderr.on('data', onText);
      child.once('error', reject);
      child.once('close', () => resolve(globalize(output)));
    });
  }

  async function post(query: string, variables: unknown): Promise<string> {
    const response = await fetch(`${gatewayUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: env.YOUR_KEY },
      body: JSON.stringify({ query, variables }),
    });
    return response.text();
  }

  return {
    sandbox,
    /** The output of a step, or its answer. */
    async follow({ kind, text, variables }: Step): Promise<string> {
      const isAsked = kind === 'graphql' || text.includes('http://127.0.0.1:4000');
      if (isAsked && gatewayUrl === '') {
        byDefault = await startDefaultGateway(sandbox.url);
        gatewayUrl = byDefault.url;
      }
      return kind === 'graphql' ? post(text, variables) : shell(text);
    },
    async leave() {
      for (const child of children.splice(0)) end(child);
      await byDefault?.close();
      await sandbox.close();
      await redis?.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** The shell and what it runs. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
