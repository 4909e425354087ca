/** `npm run bench:arrivals`: what is left of the quota when the way to the API takes long, or changes. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { longestGap, openDistantApi, worstSecond } from './support/arrivals.ts';
import { openGateway } from './support/gateway.ts';
import { createPoster } from './support/streams.ts';

const WAYS_MS = [2, 50, 100, 200];
/** Every step from one to another, in both directions. */
const STEPS_MS = [2, 50, 2, 100, 2, 200, 50, 100, 50, 200, 100, 200, 2];
const STEP_MS = 1_300;
/** Reads at a time at each gateway: more than the quota lets through. */
const READERS = 60;
const SETTLE_MS = 2_500;
const ID = '0123456789abcdef';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '8' }, redis: { type: 'string' } },
});

console.log('| gateways | way to the API | worst second | calls a second | longest gap, ms |');
console.log('| ---: | --- | ---: | ---: | ---: |');
for (const count of values.redis === undefined ? [1] : [1, 3]) await measure(count);

async function measure(count: number): Promise<void> {
  const api = await openDistantApi();
  const prefix = `arrivals-${process.pid}-${count}`;
  const gateways = await Promise.all(
    Array.from({ length: count }, () =>
      openGateway(api.url, {
        redisUrl: count > 1 ? values.redis : undefined,
        redisPrefix: prefix,
        workers: '1',
        profileDirectory: undefined,
      }),
    ),
  );
  const over = new AbortController();
  const reading = gateways.map(({ url }, index) => readAll(url, index, over.signal));
  const print = (way: string, arrivals: readonly number[], seconds: number) => {
    const perSecond = (arrivals.length / seconds).toFixed(1);
    console.log(`| ${count} | ${way} | ${worstSecond(arrivals)} | ${perSecond} | ${longestGap(arrivals)} |`);
  };
  try {
    for (const wayMs of WAYS_MS) {
      api.set({ wayMs, workMs: 0 });
      await delay(SETTLE_MS);
      await api.arrivals();
      const from = performance.now();
      await delay(Number(values.seconds) * 1_000);
      print(`${wayMs} ms`, await api.arrivals(), (performance.now() - from) / 1_000);
    }
    await api.arrivals();
    const from = performance.now();
    for (const wayMs of STEPS_MS) {
      api.set({ wayMs, workMs: 0 });
      await delay(STEP_MS);
    }
    print('changes by steps', await api.arrivals(), (performance.now() - from) / 1_000);
  } finally {
    over.abort();
    await Promise.all(reading);
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    api.stop();
  }
}

/** Reads another script each time, as many at a time as are served and more. */
async function readAll(url: string, gateway: number, signal: AbortSignal): Promise<void> {
  const poster = createPoster(url);
  const readOn = async (reader: number) => {
    for (let count = 0; !signal.aborted; count += 1) {
      const id = `${ID}${(gateway * READERS + reader).toString(16).padStart(4, '0')}${count.toString(16).padStart(4, '0')}`;
      const answer = await poster.post({ query: `{ script(id: "${id}") { name } }` });
      let text = '';
      for await (const chunk of answer) text += chunk;
      // Refused: there is no place for it in its time.
      if (text.includes('"errors"')) await delay(200);
    }
  };
  await Promise.all(Array.from({ length: READERS }, (_one, reader) => readOn(reader)));
  poster.close();
}
