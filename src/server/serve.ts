import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { openGateway } from './open-gateway.ts';
import { openKeys } from './open-keys.ts';
import { openObservability } from './open-observability.ts';
import { openState } from './open-state.ts';
import { openUpstream } from './open-upstream.ts';
import { exit, onReload, onStop } from './signals.ts';
import { announce, isForWorkers, runWorkers } from './workers.ts';

/** Runs the gateway until the process is told to stop. */
export async function serve(config: Config): Promise<void> {
  if (isForWorkers(config)) return runWorkers(config);
  const observability = await openObservability(config).catch(exit);
  const { upstream } = observability;
  const state = await openState(config, upstream).catch(exit);
  const { transport, close } = await openUpstream(config, upstream, state);
  // A failure that nobody waits for is a defect of one operation, and no reason to end those of others.
  process.on('unhandledRejection', (reason) => observability.log.error(reason));
  let ready = true;
  const keys = await openKeys(config, observability);
  const reloads = [keys.reload, observability.reopen].filter((reload) => reload !== undefined);
  if (reloads.length > 0)
    onReload(() => {
      for (const reload of reloads) reload();
    });
  const parts = { transport, isReady: () => ready, credentials: keys.credentials };
  const server = await openGateway(config, observability, parts).catch(exit);

  const { lifeCycle } = observability;
  onStop(async (signal) => {
    ready = false;
    keys.close();
    lifeCycle.tell('stopping', { signal });
    await delay(config.shutdown.delayMs);
    const graceIsOver = delay(config.shutdown.graceMs);
    await server.drain(config.shutdown.graceMs);
    // A write goes on when its client has left; it has the same time to finish.
    await Promise.race([close(), graceIsOver]);
    await Promise.race([observability.close(), graceIsOver]);
    lifeCycle.tell('stopped');
    process.exit(0);
  });
  announce({ url: server.url, metricsUrl: observability.metricsUrl }, config, lifeCycle);
}
