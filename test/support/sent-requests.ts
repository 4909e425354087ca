import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';

/** A request of this process to a server of this process. */
interface Sent {
  /** What the server has of it. */
  arrived?: { readonly request: IncomingMessage; readonly response: ServerResponse };
  /** Its connection was closed before it arrived. */
  isLost: boolean;
  /** Its client has the answer, or has given it up. */
  isOver: boolean;
}

/** More turns of the event loop than there are from one thing on the network to the next that follows from it. */
const IDLE_TURNS = 12;

/**
 * Counts the requests that this process has begun to write, and knows where each is: Node's http server and undici tell it.
 * So a test need not wait for some time to pass, which shows nothing on a busy machine.
 */
export function countSentRequests() {
  let sent = 0;
  let connecting = 0;
  /** All that happens on the network. */
  let events = 0;
  const underWay = new Map<unknown, Sent>();
  /** The last request of each connection, by the client's port: a connection carries one at a time. */
  const byPort = new Map<number | undefined, Sent>();

  const isOnItsWay = ({ arrived, isLost, isOver }: Sent): boolean => {
    if (!arrived) return !isLost;
    const { request, response } = arrived;
    if (request.socket.destroyed) return !isOver;
    return !request.complete || (response.writableEnded && !isOver);
  };
  const isQuiet = (): boolean => {
    for (const [request, one] of underWay) {
      if (isOnItsWay(one)) return false;
      if (one.isOver) underWay.delete(request);
    }
    return connecting === 0;
  };
  const over = ({ request }: Told) => {
    const one = underWay.get(request);
    if (one) one.isOver = true;
  };

  const channels: Record<string, (told: Told) => void> = {
    'undici:client:beforeConnect': () => {
      connecting += 1;
    },
    'undici:client:connected': () => {
      connecting -= 1;
    },
    'undici:client:connectError': () => {
      connecting -= 1;
    },
    'undici:client:sendHeaders': ({ request, socket }) => {
      sent += 1;
      const one = { isLost: false, isOver: false };
      underWay.set(request, one);
      byPort.set(socket.localPort, one);
    },
    'undici:request:trailers': over,
    'undici:request:error': over,
    'net.server.socket': ({ socket }) => {
      const port = socket.remotePort;
      socket.once('close', () => {
        const one = byPort.get(port);
        if (one) one.isLost = true;
      });
    },
    'http.server.request.start': ({ request, response, socket }) => {
      const one = byPort.get(socket.remotePort);
      if (one) one.arrived = { request: request as IncomingMessage, response };
    },
  };
  const listeners = Object.entries(channels).map(([name, receive]) => ({
    name,
    receive: (told: unknown) => {
      events += 1;
      receive(told as Told);
    },
  }));
  beforeAll(() => {
    for (const { name, receive } of listeners) subscribe(name, receive);
  });
  afterAll(() => {
    for (const { name, receive } of listeners) unsubscribe(name, receive);
  });

  return {
    count: () => sent,
    /** Waits until all that was sent has arrived, all answers too, and nothing more follows. */
    async quiet(): Promise<void> {
      for (let idle = 0, before = events; idle < IDLE_TURNS; ) {
        await setImmediate();
        idle = events === before && isQuiet() ? idle + 1 : 0;
        before = events;
      }
    },
  };
}

/** What the channels tell, each a part of it. */
interface Told {
  readonly request: unknown;
  readonly response: ServerResponse;
  readonly socket: Socket;
}
