import { setTimeout as delay } from 'node:timers/promises';
import type { NodeHandler } from './node.ts';
import { responseTo, sendResponse } from './response.ts';
import type { Fetch, YogaAdapter, YogaOptions } from './yoga.ts';

/**
 * Yoga in parts, each with little that those before it do not have. All of it at once would keep the requests of that moment
 * waiting for a quarter of a second. An operation takes several turns of the event loop, so there is a pause between them.
 */
const PART_EVERY_MS = 20;
const PARTS = [
  () => import('@graphql-tools/executor'),
  () => import('@graphql-tools/merge'),
  () => import('@graphql-tools/schema'),
  () => import('@whatwg-node/server'),
  () => import('graphql-yoga'),
];

/** Yoga, loaded when it is needed: its modules take longer to load than all that a node:http server without plugins needs. */
export function createFetchAdapter(options: YogaOptions) {
  let adapter: YogaAdapter | Promise<YogaAdapter> | undefined;
  const opened = () => {
    adapter ??= import('./yoga.ts').then(({ createYogaAdapter }) => {
      adapter = createYogaAdapter(options);
      return adapter;
    });
    return adapter;
  };
  const answer: NodeHandler = async (request, response, record) => {
    try {
      await (await opened()).answer(request, response, record);
    } catch (error) {
      const answer = responseTo(options.pipeline.failed(error, record), 'application/json');
      sendResponse({ response, answer, requestId: record.requestId });
    }
  };
  const fetch = async (...args: Parameters<Fetch>) => (await opened()).fetch(...args);
  return {
    answer,
    fetch: fetch as Fetch,
    /** For an operation that comes past Yoga, by a WebSocket. */
    hooksForSocket: async (...operation: Parameters<YogaAdapter['hooksForSocket']>) =>
      (await opened()).hooksForSocket(...operation),
    /** Loads it before the first request that needs it. Never throws: that request gets the failure. */
    async warmUp(): Promise<void> {
      for (const load of PARTS) {
        await Promise.allSettled([load()]);
        await delay(PART_EVERY_MS);
      }
      await Promise.allSettled([opened()]);
    },
  };
}
