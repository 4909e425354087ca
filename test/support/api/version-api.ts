import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT } from '../processes/built.ts';
import type { Arrival } from './distant-recorder.ts';

/** Starts the REST API of `version-api-process.ts`. */
export async function startVersionApi(seed: string) {
  const script = fileURLToPath(new URL('./version-api-process.ts', import.meta.url));
  const child = fork(script, [seed], { execArgv: TYPESCRIPT });
  const [url] = (await once(child, 'message')) as [string];
  const waiting = new Map<number, (answer: unknown) => void>();
  let count = 0;
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  const ask = (question: object): Promise<unknown> => {
    count += 1;
    const id = count;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      child.send({ ...question, id });
    });
  };
  return {
    url,
    versionOf: (script: string) => ask({ script }) as Promise<number>,
    arrivals: () => ask({}) as Promise<Arrival[]>,
    close: () => child.disconnect(),
  };
}
