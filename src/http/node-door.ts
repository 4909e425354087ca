import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestRecord } from '../observability/request-record.ts';
import { paramsFromBody } from '../operation/params.ts';
import type { Engine, Pipeline, WritableResult } from '../operation/pipeline.ts';
import type { BodyBudget } from './body-budget.ts';
import { hasCredential } from './client-request.ts';
import type { Compress } from './compression.ts';
import { type Encoding, type MediaType, negotiateMediaType } from './media-type.ts';
import { readNodeBody } from './read-body.ts';
import type { Door } from './request-listener.ts';
import { bytesOf, sendJson, sendResponse } from './response.ts';
import { responseTo, stringifyResult } from './result-response.ts';

export interface NodeDoorOptions {
  readonly pipeline: Pipeline;
  readonly engine: Engine;
  readonly compress: Compress;
  readonly bodies: BodyBudget;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Takes every request that this door is not for. */
  readonly otherwise: Door;
}

/**
 * Takes the most common request, an operation by POST as plain JSON, without making Fetch API objects of it. Which ones
 * those are shows before anything is read; their answers have the same bytes as Yoga's.
 */
export function createNodeDoor(options: NodeDoorOptions): Door {
  const { pipeline, engine, compress, bodies, maxBodyBytes, otherwise } = options;
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
  const send = (
    response: ServerResponse,
    result: WritableResult,
    mediaType: MediaType,
    record: RequestRecord,
  ): Promise<void> | undefined => {
    const { requestId } = record;
    if (result.errors || result.extensions?.http) {
      sendResponse(response, responseTo(result, mediaType), requestId);
      return undefined;
    }
    const text = stringifyResult(result);
    const contentType = `${mediaType}; charset=utf-8`;
    const sendBody = (body: string | Buffer, encoding?: Encoding) =>
      sendJson({ response, contentType, body, requestId, encoding });
    const compressing = compress(text, result, record);
    if (compressing === undefined) {
      sendBody(bytesOf(text));
      return undefined;
    }
    return compressing.then((compressed) => {
      if (compressed === undefined) sendBody(bytesOf(text));
      else sendBody(compressed.bytes, compressed.encoding);
    });
  };
  return (request, response, record) => {
    const mediaType = isCommon(request) ? negotiateMediaType(request.headers.accept) : undefined;
    if (mediaType === undefined) return otherwise(request, response, record);
    return runOperation(request, record)
      .then((result) => send(response, result, mediaType, record))
      .catch((error) => {
        // The result cannot be written as JSON, or not to this socket.
        const result = pipeline.mask({ errors: [error] }, record);
        return send(response, result, mediaType, record);
      })
      .catch(() => response.destroy());
  };
}

/** Yoga knows how to answer in pieces. */
const STREAM = /event-stream|multipart/i;

function isCommon({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url === '/graphql' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    headers.origin === undefined &&
    !STREAM.test(headers.accept ?? '')
  );
}
