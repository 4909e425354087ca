import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sandboxKeys } from '../../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import { type GatewayProcess, startProcess } from '../../../../test/support/processes/process.ts';

export { sandboxKeys, seeded };

const DEPLOY = fileURLToPath(new URL('../../deploy.sh', import.meta.url));

/** A sandbox, the gateway's own process in front of it, and a folder with a file to deploy. */
export function usePipeline() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-deploy-'));
  let gateway: GatewayProcess;
  const fixture = {
    sandbox: {} as Sandbox,
    url: '',
    file: join(directory, 'main.lua'),
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    /** Runs the script to its end; variables come on top of the key and the gateway's address. */
    deploy(args: readonly string[], variables: Record<string, string> = {}) {
      return fixture.run(DEPLOY, args, {
        GATEWAY_URL: fixture.url,
        LUAAUTH_TOKEN: sandboxKeys.full,
        ...variables,
      });
    },
    /** Runs a command to its end with no more than these variables and a PATH. */
    run(command: string, args: readonly string[], variables: Record<string, string>) {
      const child = spawn(command, args, { env: { PATH: process.env.PATH, ...variables } });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, output: output.trim() }));
      });
    },
    /** A PATH with no more than these commands. */
    pathWith(...names: readonly string[]): string {
      const folder = mkdtempSync(join(directory, 'path-'));
      for (const name of names) {
        const found = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
        symlinkSync(found.trim(), join(folder, name));
      }
      return folder;
    },
    /** Puts a command of this name before all others. */
    addCommand(name: string, text: string): string {
      const path = join(directory, name);
      writeFileSync(path, text);
      chmodSync(path, 0o755);
      return `${directory}:${process.env.PATH}`;
    },
  };
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    gateway = startProcess({
      PORT: '0',
      LOG_LEVEL: 'silent',
      LUAAUTH_API_URL: fixture.sandbox.url,
      LUAAUTH_RATE: '0',
      LUAAUTH_TOTAL_RATE: '0',
    });
    fixture.url = `${await gateway.listening()}/graphql`;
  });
  beforeEach(() => fixture.sandbox.reset());
  after(async () => {
    await gateway.kill();
    await fixture.sandbox.close();
    rmSync(directory, { recursive: true });
  });
  return fixture;
}
