import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { requestError } from '../errors/coded-error.ts';
import { errorResponse, sendResponse } from './response.ts';

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** For a gateway without the feature websocket. `path`: where operations arrive. */
export function refuseUpgrades(path: string): Upgrade {
  const refusal = requestError(
    'NOT_FOUND',
    404,
    `This gateway accepts no WebSocket. Send operations by POST to ${path}.`,
  );
  return (request, socket) => {
    socket.on('error', () => undefined);
    const response = responseOn(request, socket);
    sendResponse({ response, answer: errorResponse(refusal, request.headers.accept) });
  };
}

/** Makes the response to a refused upgrade, for which node:http makes none. It is the last response on its connection. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket as Socket);
  } catch {
    // An earlier request on the connection is unanswered and the server does not handle this, so only the connection ends.
    socket.destroy();
  }
  response.once('finish', () => (socket as Socket).destroySoon());
  return response;
}
