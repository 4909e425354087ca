import { OVERLOADED } from '../errors/coded-error.ts';
import { type OperationParams, paramsFromBody, paramsFromUrl } from '../operation/params.ts';
import { CUT_OFF, type ReserveBody, readMessage, readRequest, wasRead } from './body.ts';
import type { Exchange } from './exchange.ts';
import { checkContentType } from './guards.ts';
import { readOperationPath } from './routes.ts';

interface ReadParamsOptions {
  readonly reserveBody: ReserveBody;
  readonly maxBodyBytes: number;
}

/** Reads the operation of a request. `fetched` is the request as the embedder's plugins left it. @throws the error for the client */
export type ReadParams = (exchange: Exchange, fetched: Request) => OperationParams | Promise<OperationParams>;

/** Most operations by GET have a shorter head, and keep almost no memory. */
const SHORT_HEAD = 512;

export function createReadParams({ reserveBody, maxBodyBytes: limit }: ReadParamsOptions): ReadParams {
  return (exchange, fetched) => {
    const { request } = exchange;
    const { method, message, headBytes } = request;
    // The client left while a plugin was busy. No later event will report it.
    if (request.signal.aborted) throw CUT_OFF;
    const path = readOperationPath(request.path);
    if (method === 'GET') {
      const params = paramsFromUrl(request.searchParams, path);
      if (headBytes <= SHORT_HEAD) return params;
      exchange.reservation = reserveBody(request, headBytes);
      if (!exchange.reservation.hold(params.weight)) throw OVERLOADED;
      return params;
    }
    checkContentType(request.contentType, request.header('content-encoding'));
    const held = reserveBody(request, headBytes);
    exchange.reservation = held;
    const options = { limit, held, reader: (bytes: Uint8Array) => paramsFromBody(bytes, path) };
    // A plugin has read the message by Yoga's request, which keeps it.
    const isAtPlugin = message && wasRead(message) && !request.wasRead;
    return message && !isAtPlugin ? readMessage(message, options) : readRequest(fetched, options);
  };
}
