/** `npm run bench:turns`: how evenly callers of three gateways get their turns. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDistantApi, worstSecond } from './support/arrivals.ts';
import { openGateway } from './support/gateway.ts';
import { openRedis } from './support/stalling-redis.ts';

const GATEWAYS = 3;
/** Each caller has so few reads at any time that it often gets all the permits that it asks for. */
const READS_AT_ONCE = 4;
const CALM_MS = 4_000;
const LOOK_EVERY_MS = 100;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    callers: { type: 'string', default: '6,9,12,30' },
  },
});

console.log(
  '| callers | worst second | calls a second | largest lead in a second | least, most of a caller |',
);
console.log('| ---: | ---: | ---: | ---: | --- |');
for (const callers of values.callers.split(',').map(Number)) await measure(callers, Number(values.seconds));

async function measure(callers: number, seconds: number): Promise<void> {
  const redis = await openRedis();
  const api = await openDistantApi();
  const keys = Array.from({ length: callers }, (_one, index) => `caller-${index}-of-this-benchmark`);
  const gateways = await Promise.all(
    Array.from({ length: GATEWAYS }, () =>
      openGateway(api.url, {
        redisUrl: redis.url,
        workers: '1',
        redisPrefix: `turns-${process.pid}`,
        profileDirectory: undefined,
        variables: { LUAAUTH_TOKEN: 'key', GATEWAY_KEYS: keys.join(',') },
      }),
    ),
  );
  const served = keys.map(() => 0);
  const over = new AbortController();
  const asking = keys.map((key, index) =>
    askAll(
      gateways[index % GATEWAYS]?.url ?? '',
      key,
      () => {
        served[index] = (served[index] ?? 0) + 1;
      },
      over.signal,
    ),
  );
  try {
    await delay(CALM_MS);
    await api.arrivals();
    const begun = [...served];
    const counts = [begun];
    for (let look = 0; look < (seconds * 1_000) / LOOK_EVERY_MS; look += 1) {
      await delay(LOOK_EVERY_MS);
      counts.push([...served]);
    }
    const arrivals = await api.arrivals();
    const total = served.map((count, index) => count - (begun[index] ?? 0));
    console.log(
      `| ${callers} | ${worstSecond(arrivals)} | ${(arrivals.length / seconds).toFixed(1)} | ${largestLead(counts)} | ${Math.min(...total)}, ${Math.max(...total)} |`,
    );
  } finally {
    over.abort();
    for (const gateway of gateways) gateway.kill();
    await Promise.all(asking);
    await redis.stop();
    api.stop();
  }
}

/** How many more answers one caller had than another within any second. */
function largestLead(counts: readonly (readonly number[])[]): number {
  const looks = 1_000 / LOOK_EVERY_MS;
  const leads = counts.slice(looks).map((now, index) => {
    const had = now.map((count, caller) => count - (counts[index]?.[caller] ?? 0));
    return Math.max(...had) - Math.min(...had);
  });
  return Math.max(...leads);
}

/** Reads scripts, each only once, so many at once, until the signal aborts. */
async function askAll(url: string, key: string, onServed: () => void, signal: AbortSignal): Promise<void> {
  const ask = async (reader: number) => {
    for (let count = 0; !signal.aborted; count += 1) {
      const query = `{ script(id: "s${reader}x${count}x${Math.random().toString(36).slice(2)}") { name } }`;
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query }),
      });
      if ((await response.text()).includes('"errors"')) await delay(200);
      else onServed();
    }
  };
  await Promise.allSettled(Array.from({ length: READS_AT_ONCE }, (_one, reader) => ask(reader)));
}
