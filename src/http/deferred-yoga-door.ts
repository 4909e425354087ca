import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../observability/request-record.ts';
import type { Engine } from '../operation/pipeline.ts';
import type { Door } from './request-listener.ts';
import { sendResponse } from './response.ts';
import { responseTo } from './result-response.ts';
import type { Fetch, YogaDoor, YogaDoorOptions } from './yoga-door.ts';

export interface DeferredYogaDoor {
  readonly door: Door;
  readonly fetch: Fetch;
  /** For an operation that comes past Yoga, by a WebSocket. */
  readonly engineForSocket: (
    upgrade: IncomingMessage,
    record: RequestRecord,
    params: object,
  ) => Promise<Engine>;
  /** Opens it before the first request that needs it. Never throws: that request is told. */
  warmUp(): Promise<void>;
}

/** Yoga's door, opened when it is needed: its modules take longer to load than all that the common request needs. */
export function deferYogaDoor(options: YogaDoorOptions): DeferredYogaDoor {
  const { pipeline } = options;
  let yogaDoor: YogaDoor | Promise<YogaDoor> | undefined;
  const opened = () => {
    yogaDoor ??= import('./yoga-door.ts').then(({ createYogaDoor }) => {
      yogaDoor = createYogaDoor(options);
      return yogaDoor;
    });
    return yogaDoor;
  };

  const door: Door = async (request, response, record) => {
    try {
      const { door } = await opened();
      await door(request, response, record);
    } catch (error) {
      const result = pipeline.mask({ errors: [error as never] }, record);
      sendResponse(response, responseTo(result, 'application/json'), record.requestId);
    }
  };
  const fetch = async (...args: Parameters<Fetch>) => (await opened()).fetch(...args);

  return {
    door,
    fetch: fetch as Fetch,
    engineForSocket: async (...operation) => (await opened()).engineForSocket(...operation),
    async warmUp() {
      await Promise.allSettled([opened()]);
    },
  };
}
