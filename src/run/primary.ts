import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { serverUrl } from '../http/address.ts';
import type { Operation } from '../operation/open.ts';
import type { Transport } from '../transport/index.ts';
import { type Attendant, createCrew } from '../workers/crew.ts';
import type { FromPrimary } from '../workers/messages.ts';
import { createQuestions } from '../workers/questions.ts';
import { announce } from './announce.ts';
import { exit, onStop } from './ending.ts';
import { openConfigured } from './operation.ts';
import { openUpstream } from './upstream.ts';

/** How much longer than its grace a worker may take to stop: it still has to flush what it has written. */
const PATIENCE_MS = 3_000;

/**
 * Runs the gateway in several processes. This one takes no requests: it has the transport, so that quota, copies and the
 * order of writes are the same for all, and keeps `config.workers` others running, each with this command line.
 */
export async function runPrimary(config: Config, args: readonly string[]): Promise<void> {
  if (!cluster.isPrimary) {
    exit(
      'WORKERS: this process is already one of several of a process manager. Set WORKERS to 1, or start it alone.',
    );
  }
  const { shutdown } = config;
  const counts = () => crew.counts();
  const operation = await openConfigured(config, { part: 'upstream', others: counts }).catch(exit);
  // Without fresh copies a worker has nothing to drop, and no write need wait for it.
  const onChange = config.freshMs > 0 ? (touches: readonly string[]) => crew.changed(touches) : undefined;
  const { transport, close } = await openUpstream(config, operation.upstream, onChange);
  const crew = createCrew({
    size: config.workers,
    args: ['worker', ...args],
    attend: (post) => attend(config, transport, operation, post),
    warn: operation.warn,
  });
  const started = await crew.start();
  if ('failure' in started) exit(started.failure);

  onStop(async () => {
    const { delayMs, graceMs } = shutdown;
    const graceIsOver = delay(delayMs + graceMs);
    await crew.stop(delayMs + graceMs + PATIENCE_MS);
    // A write goes on when its client has left; it has the same time to finish.
    await Promise.race([close(), graceIsOver]);
    await Promise.race([operation.close(), graceIsOver]);
    process.exit(0);
  });
  announce({ url: serverUrl(config.host, started.port), metricsUrl: operation.metricsUrl }, config);
}

/** Deals with one worker. */
function attend(
  { timeouts }: Config,
  transport: Transport,
  { metricsText, spans }: Operation,
  post: (message: FromPrimary) => void,
): Attendant {
  const questions = createQuestions({ transport, timeouts, post, adopt: spans?.adopt });
  return {
    receive(message) {
      if (message.kind === 'ask') questions.ask(message);
      else if (message.kind === 'leave') questions.leave(message.id);
      else if (message.kind === 'metrics') {
        void metricsText().then((text) => post({ kind: 'metrics', id: message.id, text }));
      }
    },
    gone: questions.leaveAll,
  };
}
