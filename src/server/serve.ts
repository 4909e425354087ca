import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { announce } from './banner.ts';
import { type LoadedFeatures, loadFeatures, type ProcessFeatures } from './features.ts';
import { openGateway } from './open-gateway.ts';
import { openObservability } from './open-observability.ts';
import { openUpstream } from './open-upstream.ts';
import { exit, onStop } from './signals.ts';
import { openKeys, openUsers } from './watched-files.ts';

/**
 * Serves on a port, or for an agent at stdin: then it runs until stdin ends, and logs to stderr. Ends the process if it cannot
 * start.
 */
export async function serve(config: Config, features: ProcessFeatures, by: 'http' | 'stdin'): Promise<void> {
  const loaded = await loadFeatures(config, features);
  // Only a gateway that serves has a log and metrics for what differs in LuaAuth's answers.
  const differences = await features.differences?.();
  await open(config, { ...loaded, differences }, by).catch(exit);
}

/** @throws StartError */
async function open(config: Config, features: LoadedFeatures, by: 'http' | 'stdin'): Promise<void> {
  const observability = await openObservability(config, features, by === 'stdin' ? 2 : 1);
  const { log } = observability;
  for (const note of config.notes) log.warn(note);
  const { transport, close } = await openUpstream(config, features, observability.upstream);
  // An unhandled rejection is a defect in one operation, and must not end the others.
  process.on('unhandledRejection', (reason) => log.error(reason));
  let ready = true;
  const credentials = openKeys(config, features, log, observability.hide);
  if (observability.reopen) process.on('SIGHUP', observability.reopen);
  const parts = { transport, isReady: () => ready, credentials, users: openUsers(config, log) };
  const server = await openGateway(config, observability, parts, by, features);
  onStop(async (signal) => {
    ready = false;
    log.lifeCycle('stopping', { signal });
    const graceIsOver = delay(config.graceMs);
    await server.drain(config.graceMs);
    // A write continues after its client has left, and has the same time to finish.
    await Promise.race([close(), graceIsOver]);
    await Promise.race([observability.close(), graceIsOver]);
    log.lifeCycle('stopped');
    process.exit(0);
  });
  // stdin is also closed after a message that is too large.
  if (by === 'stdin') process.stdin.once('close', () => process.emit('SIGTERM'));
  else announce(server.url, observability.metricsUrl, config, features.sandbox?.facts, log);
}
