import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderOf, type Places, type Router, type Transport } from './routers.ts';

const STARTS_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 5_000;

/** Installs it in its own folder if it is not there: these packages are large. */
export function install(router: Router): void {
  const folder = folderOf(router);
  const given = `${router.npmPackage}@${router.version}`;
  if (existsSync(join(folder, 'node_modules', router.npmPackage))) return;
  console.log(`Installing ${given} in ${router.name}/ …`);
  const { status } = spawnSync(
    'npm',
    ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', given],
    { stdio: 'inherit', cwd: folder },
  );
  if (status !== 0) throw new Error(`${given} could not be installed.`);
}

/** Starts it, and waits until it answers. @throws what it said when it ends instead. */
export async function startRouter(router: Router, places: Places, transport: Transport) {
  const [file, ...args] = router.command(places, transport);
  const child = spawn(file, args, {
    cwd: folderOf(router),
    env: { PATH: process.env.PATH, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // Whatever ends this process, the router does not outlive it.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'close').then(() => 'ended' as const);
  const url = `http://127.0.0.1:${places.port}/graphql`;
  const stop = async () => {
    child.kill('SIGTERM');
    if ((await Promise.race([ended, sleep(STOPS_WITHIN_MS)])) !== 'ended') kill();
    await ended;
    process.off('exit', kill);
  };
  const until = Date.now() + STARTS_WITHIN_MS;
  while (!(await answers(url))) {
    if ((await Promise.race([ended, sleep(200)])) === 'ended')
      throw new Error(`It ended instead of listening:\n${output}`);
    if (Date.now() > until) {
      await stop();
      throw new Error(`It does not answer within ${STARTS_WITHIN_MS / 1000} s:\n${output}`);
    }
  }
  return { url, stop, output: () => output };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    return response.ok && (await response.text()).includes('"Query"');
  } catch {
    return false;
  }
}
