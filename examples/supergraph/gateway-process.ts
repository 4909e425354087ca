import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts the gateway as a process of its own, from source. @throws what it said when it ends instead of listening. */
export async function startGateway(variables: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--import', TSX, MAIN], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // Whatever ends this process, the gateway does not outlive it.
  process.once('exit', () => child.kill());
  const ended = once(child, 'close');
  const endedFirst = ended.then(() => {
    throw new Error(`The gateway ended instead of listening:\n${output}`);
  });
  endedFirst.catch(() => undefined);
  let url: string | undefined;
  while (url === undefined) {
    await Promise.race([once(child.stdout, 'data'), endedFirst]);
    url = /"url":"(http[^"]+\/graphql)"/.exec(output)?.[1];
  }
  return {
    url,
    /** Lets it finish what is under way. */
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
