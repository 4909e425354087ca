import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stop } from './process.ts';

export interface GatewaySettings {
  /** Where Node writes a CPU profile of the gateway when it ends; undefined: none is taken. */
  readonly profileDirectory: string | undefined;
}

/** The built product, running in a process of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** Starts `node dist/main.js` with its defaults. Neither a `.env` nor the settings of the caller's shell apply. */
export async function openGateway(apiUrl: string, settings: GatewaySettings): Promise<GatewayProcess> {
  const { profileDirectory } = settings;
  const directory = mkdtempSync(join(tmpdir(), 'bench-quota-'));
  const profiling = profileDirectory ? ['--cpu-prof', '--cpu-prof-dir', resolve(profileDirectory)] : [];
  const child = spawn(process.execPath, [...profiling, MAIN], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      LUAAUTH_API_URL: apiUrl,
      NODE_ENV: 'production',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const close = async () => {
    await stop(child);
    rmSync(directory, { recursive: true, force: true });
  };

  const address = new Promise<string>((found, failed) => {
    let printed = '';
    const fail = (what: string) => failed(new Error(`The gateway ${what}. It printed: ${printed || '-'}`));
    const timer = setTimeout(() => fail(`told no address in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
    // Later output is read and thrown away, or the gateway would block.
    child.stdout.on('data', (chunk: Buffer) => {
      if (printed.length < 10_000) printed += chunk;
      const [url] = /http:\/\/127\.0\.0\.1:\d+(?=\/graphql)/.exec(printed) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      found(url);
    });
  });
  try {
    return { url: await address, pid: child.pid as number, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}
