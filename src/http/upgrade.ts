import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

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
