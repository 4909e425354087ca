import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Scripts read how far the clock is ahead in ms, its drift, and since when it drifts in microseconds. */
const KEY = 'clock-of-test';
const TIME = "redis.call('TIME')";
const SET_TIME = `(function()
  local time = ${TIME}
  local ahead, drift, since = string.match(redis.call('GET', '${KEY}') or '0 0 0', '^(%S+) (%S+) (%S+)$')
  local micros = time[1] * 1000000 + time[2]
  micros = math.floor(micros + ahead * 1000 + (micros - since) * drift)
  return { math.floor(micros / 1000000), micros % 1000000 }
end)()`;

interface Redis {
  readonly url: string;
  command(...words: readonly string[]): Promise<unknown>;
}

/**
 * A way to a Redis on which scripts see another time, as the clock of a real Redis cannot be set. The proxy puts another clock into
 * each script on its way to Redis. The clock is one for all who come this way.
 */
export async function startRedisClock(redis: Redis) {
  const { hostname, port } = new URL(redis.url);
  const shas = new Map<string, string>();
  const sockets = new Set<Socket>();
  const rewrite = ([command = '', script = '', ...rest]: string[]): string[] => {
    if (command === 'EVALSHA') return [command, shas.get(script) ?? script, ...rest];
    if (command !== 'EVAL') return [command, script, ...rest];
    const source = script.replace(TIME, () => SET_TIME);
    shas.set(sha1(script), sha1(source));
    return [command, source, ...rest];
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let read: Buffer = Buffer.alloc(0);
    client.on('data', (bytes) => {
      read = Buffer.concat([read, bytes]);
      for (let command = parse(read); command; command = parse(read)) {
        read = read.subarray(command.size);
        upstream.write(write(command.words.length === 1 ? command.words : rewrite(command.words)));
      }
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  const set = async (aheadMs: number, drift: number) => {
    const [seconds, micros] = (await redis.command('TIME')) as [string, string];
    await redis.command('SET', KEY, `${aheadMs} ${drift} ${seconds}${micros.padStart(6, '0')}`);
  };
  return {
    url: `redis://127.0.0.1:${own}`,
    /** The clock is so far ahead from now on. */
    jump: (aheadMs: number) => set(aheadMs, 0),
    /** The clock is fast by this share from now on. */
    drift: (share: number) => set(0, share),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const sha1 = (text: string) => createHash('sha1').update(text, 'latin1').digest('hex');

/** The first command of what was read, byte for byte; undefined: it is not complete. */
function parse(bytes: Buffer): { readonly words: string[]; readonly size: number } | undefined {
  let at = 0;
  const number = () => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const found = Number(bytes.toString('latin1', at + 1, end));
    at = end + 2;
    return found;
  };
  const count = number();
  const words: string[] = [];
  while (count !== undefined && words.length < count) {
    const length = number();
    if (length === undefined || at + length + 2 > bytes.length) return undefined;
    words.push(bytes.toString('latin1', at, at + length));
    at += length + 2;
  }
  return count === undefined ? undefined : { words, size: at };
}

function write(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`, 'latin1');
}
