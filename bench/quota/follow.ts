/** Prints the cost of so many subscribers for the gateway, as a line of JSON, for `npm run bench:curves`. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openGateway } from './support/gateway.ts';
import { cpuSeconds, residentMb } from './support/process.ts';
import { openSandbox } from './support/sandbox.ts';
import { createPoster, openStreams } from './support/streams.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1' },
    scripts: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
  },
});
const count = Number(values.streams);
/** Work that is left from opening the streams is not counted as their cost: it is done by then. */
const SETTLE_MS = 1_000;

const scripts = Number(values.scripts);
const sandbox = await openSandbox(scripts);
/** Limits that more streams than usual would be over. */
const variables = { LIVE_MAX_STREAMS: '100000', LIVE_MAX_SCRIPTS: '10000', LIVE_RATE: '0' };
const settings = { redisUrl: undefined, workers: '1', profileDirectory: undefined, variables };
const gateway = await openGateway(sandbox.url, settings);
const poster = createPoster(gateway.url);
try {
  const streams = await openStreams(poster, count, scripts);
  await delay(SETTLE_MS);
  await sandbox.begin();
  const eventsBefore = streams.events();
  const cpuBefore = cpuSeconds(gateway.pid);
  const since = performance.now();
  await delay(Number(values.seconds) * 1_000);
  const seconds = (performance.now() - since) / 1_000;
  const cpu = cpuSeconds(gateway.pid) - cpuBefore;
  const { calls } = await sandbox.count();
  console.log(
    JSON.stringify({
      streams: count,
      cpuMsPerSecond: (cpu * 1_000) / seconds,
      callsPerSecond: calls / seconds,
      residentMb: residentMb(gateway.pid),
      eventsPerSecond: (streams.events() - eventsBefore) / seconds,
    }),
  );
  streams.leave();
} finally {
  poster.close();
  await gateway.stop();
  await sandbox.stop();
}
