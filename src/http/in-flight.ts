import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The requests of a server that have arrived and are not answered in full. */
export interface InFlight {
  add(request: IncomingMessage, response: ServerResponse): void;
  /** The oldest one of a connection: it is the one whose answer is due next there. */
  oldestOf(socket: Socket): ServerResponse | undefined;
  all(): readonly ServerResponse[];
}

export function createInFlight(): InFlight {
  const responses = new Set<ServerResponse>();
  return {
    add(_request, response) {
      responses.add(response);
      response.once('close', () => responses.delete(response));
    },
    oldestOf: (socket) => [...responses].find(({ req }) => req.socket === socket),
    all: () => [...responses],
  };
}
