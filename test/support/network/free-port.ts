import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where no system takes the ports of outgoing connections from, so that none is taken meanwhile. */
const [FIRST, LAST] = [15_000, 32_000];
/** Each of Vitest's workers has ports of its own: what is free for one, another one is not about to take. */
const SHARES = 50;
const SHARE = (LAST - FIRST) / SHARES;
const worker = process.env.VITEST_POOL_ID;
const [first, size] =
  worker === undefined ? [FIRST, LAST - FIRST] : [FIRST + (Number(worker) % SHARES) * SHARE, SHARE];

/** The ports given last: their receivers may not listen yet. */
const given: number[] = [];

/** A free port, for processes that cannot report theirs. */
export async function freePort(): Promise<string> {
  for (;;) {
    const port = first + Math.floor(Math.random() * size);
    if (given.includes(port)) continue;
    given.push(port);
    given.splice(0, Math.max(0, given.length - 100));
    if (await isFree(port)) return String(port);
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
