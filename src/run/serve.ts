import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { announce } from './announce.ts';
import { exit, onStop } from './ending.ts';
import { openGateway } from './gateway.ts';
import { keepHeapSmall } from './heap.ts';
import { openConfigured } from './operation.ts';
import { openUpstream } from './upstream.ts';

/** Runs the gateway until the process is told to stop. */
export async function serve(config: Config): Promise<void> {
  keepHeapSmall();
  const operation = await openConfigured(config).catch(exit);
  const { transport, close } = await openUpstream(config, operation.upstream);
  let ready = true;
  const parts = { transport, isReady: () => ready };
  const server = await openGateway(config, operation, parts).catch(exit);

  onStop(async () => {
    ready = false;
    await delay(config.shutdown.delayMs);
    const graceIsOver = delay(config.shutdown.graceMs);
    await server.drain(config.shutdown.graceMs);
    // A write goes on when its client has left; it has the same time to finish.
    await Promise.race([close(), graceIsOver]);
    await Promise.race([operation.close(), graceIsOver]);
    process.exit(0);
  });
  announce({ url: server.url, metricsUrl: operation.metricsUrl }, config);
}
