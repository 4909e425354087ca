import { subscribe } from 'node:diagnostics_channel';
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * Follows requests that undici or the global fetch sends to an HTTP server of this process, by the diagnostics channels of
 * both. So tests need not wait some time for requests and answers to arrive, which proves nothing on a busy machine.
 */
interface Sent {
  readonly serverPort: number | undefined;
  readonly connection: string;
  /** The request as the server has it. */
  arrived?: { readonly request: IncomingMessage; readonly response: ServerResponse };
  /** Its connection was closed before it arrived. */
  isLost: boolean;
  /** Its client has the answer, or has given up. */
  isOver: boolean;
  isCut: boolean;
}

let sent = 0;
/** The connectors of clients that open a connection: each opens one at a time. */
const connecting = new Set<unknown>();
/** All that happens on the network. */
let events = 0;
const underWay = new Map<unknown, Sent>();
/** The last request of each connection: it carries one at a time. */
const byConnection = new Map<string, Sent>();
/** Servers that have taken a connection, until they close: a server keeps its whole gateway in memory. */
const servers = new Map<number | undefined, Server>();

/** How many requests this process has begun to write. */
export const countSent = () => sent;

/** More turns of the event loop than there are from one thing on the network to the next that follows from it. */
const IDLE_TURNS = 12;
/** An answer that its client does not read never arrives. */
const MOST_PAUSES = 2_000;

/** Other tests of this process may send something all the time, such as the same tests with another engine. */
const MOST_TURNS = 5_000;

/** Waits until all that was sent has arrived, all answers too, and nothing more follows. */
export async function quiet(idleTurns = IDLE_TURNS): Promise<void> {
  let before = events;
  for (let idle = 0, turns = 0, pauses = 0; idle < idleTurns && turns < MOST_TURNS; ) {
    await setImmediate();
    if (pauses >= MOST_PAUSES) giveUp();
    const isIdle = isAllThere();
    if (isIdle) turns += 1;
    if (events === before && isIdle) idle += 1;
    else idle = 0;
    before = events;
    // A packet that is on its way for longer waits for the operating system, which may be busy.
    if (!isIdle && ++pauses > IDLE_TURNS) await setTimeout(1);
  }
}

function isAllThere(): boolean {
  for (const [request, one] of underWay) {
    if (isOnItsWay(one)) return false;
    if (one.isOver) forget(request, one);
  }
  return connecting.size === 0;
}

/** Gives up waiting: a client that is closed while it connects reports nothing. */
function giveUp(): void {
  underWay.clear();
  connecting.clear();
}

function isOnItsWay({ arrived, serverPort, isLost, isOver, isCut }: Sent): boolean {
  // Other processes tell nothing.
  if (!arrived) return !isLost && servers.get(serverPort)?.listening === true;
  const { request, response } = arrived;
  if (request.socket.destroyed) return !isOver;
  // A gateway whose answer has begun learns that its client has left when it writes more.
  if (isOver) return isCut && !(response.headersSent && request.socket.readableEnded);
  return !request.complete || response.writableEnded;
}

/** A client has the same port for connections to several servers. */
function connectionOf(clientPort: number | undefined, serverPort: number | undefined): string {
  return `${clientPort} ${serverPort}`;
}

function forget(request: unknown, one: Sent): void {
  underWay.delete(request);
  if (byConnection.get(one.connection) === one) byConnection.delete(one.connection);
}

function onChannel(name: string, receive: (told: Told) => void): void {
  subscribe(name, (told) => {
    events += 1;
    receive(told as Told);
  });
}

onChannel('undici:client:beforeConnect', ({ connector }) => void connecting.add(connector));
for (const name of ['undici:client:connected', 'undici:client:connectError'])
  onChannel(name, ({ connector }) => void connecting.delete(connector));
onChannel('undici:client:sendHeaders', ({ request, socket }) => {
  sent += 1;
  const { remotePort: serverPort, localPort } = socket;
  const connection = connectionOf(localPort, serverPort);
  const one = { serverPort, connection, isLost: false, isOver: false, isCut: false };
  underWay.set(request, one);
  byConnection.set(connection, one);
});
onChannel('undici:request:trailers', ({ request }) => {
  const one = underWay.get(request);
  if (one) forget(request, one);
});
onChannel('undici:request:error', ({ request }) => {
  const one = underWay.get(request);
  if (one) Object.assign(one, { isOver: true, isCut: true });
});
onChannel('net.server.socket', ({ socket }) => {
  const { server } = socket as Socket & { readonly server?: unknown };
  if (!(server instanceof Server)) return;
  const { localPort } = socket;
  if (servers.get(localPort) !== server) {
    servers.set(localPort, server);
    server.once('close', () => {
      if (servers.get(localPort) === server) servers.delete(localPort);
    });
  }
  const connection = connectionOf(socket.remotePort, localPort);
  socket.once('close', () => {
    const one = byConnection.get(connection);
    if (one) one.isLost = true;
    byConnection.delete(connection);
  });
});
onChannel('http.server.request.start', ({ request, response, socket }) => {
  const one = byConnection.get(connectionOf(socket.remotePort, socket.localPort));
  if (one) one.arrived = { request: request as IncomingMessage, response };
});

/** The messages of the channels, each of which holds a part of this. */
interface Told {
  readonly connector: unknown;
  readonly request: unknown;
  readonly response: ServerResponse;
  readonly socket: Socket;
}
