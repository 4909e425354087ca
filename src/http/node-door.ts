import type { IncomingMessage, ServerResponse } from 'node:http';
import { processRegularResult } from 'graphql-yoga';
import type { RequestRecord } from '../observability/request-record.ts';
import { paramsFromBody } from '../operation/params.ts';
import type { Engine, Pipeline, WritableResult } from '../operation/pipeline.ts';
import type { BodyBudget } from './body-budget.ts';
import { hasCredential } from './client-request.ts';
import { readNodeBody } from './read-body.ts';
import type { Door } from './request-listener.ts';
import { bytesOf, type PlainResponse, sendJson, sendResponse } from './response.ts';

export interface NodeDoorOptions {
  readonly pipeline: Pipeline;
  readonly engine: Engine;
  readonly bodies: BodyBudget;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Takes every request that this door is not for. */
  readonly otherwise: Door;
}

/** The `accept` headers of common clients, and the media type in which Yoga answers each. */
const MEDIA_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
]);

/**
 * Takes the most common request, an operation by POST as plain JSON, without making Fetch API objects of it. Which ones
 * those are shows before anything is read; their answers have the same bytes as Yoga's.
 */
export function createNodeDoor(options: NodeDoorOptions): Door {
  const { pipeline, engine, bodies, maxBodyBytes, otherwise } = options;
  const runOperation = async (request: IncomingMessage, record: RequestRecord): Promise<WritableResult> => {
    const share = bodies.open(hasCredential(record.request));
    try {
      const params = paramsFromBody(await readNodeBody(request, maxBodyBytes, share));
      return await pipeline.run({ params, record, engine });
    } catch (error) {
      return pipeline.mask({ errors: [error as never] }, record);
    } finally {
      share.release();
    }
  };
  return (request, response, record) => {
    const mediaType = isCommon(request) ? MEDIA_TYPES.get(request.headers.accept) : undefined;
    if (mediaType === undefined) return otherwise(request, response, record);
    return runOperation(request, record)
      .then((result) => sendResult(response, result, mediaType, record.requestId))
      .catch((error) => {
        // The result cannot be written as JSON, or not to this socket.
        const result = pipeline.mask({ errors: [error] }, record);
        sendResult(response, result, mediaType, record.requestId);
      })
      .catch(() => response.destroy());
  };
}

function isCommon({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url === '/graphql' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    headers.origin === undefined
  );
}

function sendResult(
  response: ServerResponse,
  result: WritableResult,
  mediaType: string,
  requestId: string,
): void {
  // What Yoga makes of a result without errors.
  if (!result.errors) {
    const { stringify = JSON.stringify } = result;
    sendJson({
      response,
      contentType: `${mediaType}; charset=utf-8`,
      body: bytesOf(stringify(result)),
      requestId,
    });
    return;
  }
  // Its own way from a result to a response, onto an object that only keeps what it is given.
  const made: unknown = processRegularResult(result, { Response: KeptResponse } as never, mediaType);
  sendResponse(response, made as KeptResponse, requestId);
}

class KeptResponse implements PlainResponse {
  readonly body: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(body: string, init: { status: number; headers: Record<string, string> }) {
    this.body = body;
    this.status = init.status;
    this.headers = init.headers;
  }
}
