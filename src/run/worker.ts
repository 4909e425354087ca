import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Operation } from '../operation/open.ts';
import { StartError } from '../operation/start-error.ts';
import type { Registrations } from '../persisted/resolve.ts';
import type { RunningServer } from '../server.ts';
import { type Link, openLink } from '../workers/link.ts';
import { createRemoteTransport } from '../workers/remote-transport.ts';
import { exit } from './ending.ts';
import { openGateway } from './gateway.ts';
import { keepHeapSmall } from './heap.ts';
import { openConfigured } from './operation.ts';

/**
 * Runs one of several processes that take requests. What it needs of the REST API it asks the primary for. It stops when
 * the primary says so: signals that a terminal or a supervisor sends to all processes at once are for the primary.
 */
export async function runWorker(config: Config): Promise<void> {
  const link = openLink();
  if (!link) exit('"worker" is what "serve" starts by itself. Run "luaauth-graphql serve" with WORKERS.');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  keepHeapSmall();
  await serve(config, link).catch((error) => {
    if (!(error instanceof StartError)) throw error;
    link.fail(error.message);
  });
}

async function serve(config: Config, link: Link): Promise<void> {
  const operation = await openConfigured(config, { part: 'operations', textOfAll: link.readMetrics });
  const transport = createRemoteTransport({
    post: link.post,
    freshMs: config.freshMs,
    answered: operation.upstream.answered,
    traceOf: operation.spans?.of,
  });
  const heard: Parameters<Registrations['hear']>[0][] = [];
  const registrations: Registrations = {
    tell: (hash, document) => link.post({ kind: 'register', hash, document }),
    hear: (listener) => heard.push(listener),
  };
  let ready = true;
  const server = await openGateway(config, operation, {
    transport,
    persisted: { ...config.persisted, registrations },
    isReady: () => ready,
  });

  link.listen((message) => {
    switch (message.kind) {
      case 'found':
      case 'failure':
        return transport.settle(message);
      case 'changed':
        return transport.drop(message);
      case 'register':
        for (const listener of heard) listener(message.hash, message.document);
        return;
      case 'count':
        return void operation
          .counts()
          .then((counts) => link.post({ kind: 'counts', id: message.id, counts }));
      case 'stop':
        ready = false;
        return void stop(config, server, operation);
    }
  });
}

async function stop({ shutdown }: Config, server: RunningServer, operation: Operation): Promise<void> {
  await delay(shutdown.delayMs);
  const graceIsOver = delay(shutdown.graceMs);
  await server.drain(shutdown.graceMs);
  await Promise.race([operation.close(), graceIsOver]);
  process.exit(0);
}
