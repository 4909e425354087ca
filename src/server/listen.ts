import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { isProbe } from '../http/address.ts';
import type { CorsHeaders } from '../http/guards.ts';
import { MAX_HEADERS, splitTarget } from '../http/node.ts';
import { responseOn, type Upgrade } from '../http/upgrade.ts';
import { bind } from './bind.ts';
import { answerClientError } from './client-error.ts';
import { watchConnections } from './connections.ts';
import { drain, refuseWhileDraining } from './drain.ts';
import { limitStrangers, type StrangersOptions } from './strangers.ts';
import { createUnreadAnswersCheck, type UnreadAnswersOptions } from './unread-answers.ts';
import { takeUpgrades } from './upgrades.ts';

export interface ServerOptions
  extends Pick<UnreadAnswersOptions, 'writeTimeoutMs'>,
    Partial<Pick<UnreadAnswersOptions, 'maxUnreadBytes'>>,
    StrangersOptions {
  readonly listener: RequestListener;
  /** Takes WebSockets; without it, a request for one is answered like any other. */
  readonly upgrade?: Upgrade;
  /** Goes into refusals while the server drains; the listener adds its own. Undefined: pages of other origins may read nothing. */
  readonly cors?: CorsHeaders | undefined;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long the head of a request may take to arrive, and how long a new connection may stay silent. */
  readonly headersTimeoutMs?: number;
  /** How long a whole request may take to arrive, its body included. */
  readonly requestTimeoutMs?: number;
  /** How often all of these are checked. */
  readonly checkIntervalMs?: number;
}

export type RunningServer = Awaited<ReturnType<typeof startServer>>;

// Above Node's 16 kB, so that an over-long key gets the field error that says what is wrong with it.
const MAX_HEADER_BYTES = 64 * 1024;

/** Some of the largest answers, or an eighth of a small heap. */
const MAX_UNREAD_BYTES = Math.min(128 * 1024 * 1024, getHeapStatistics().heap_size_limit / 8);

/** Listens. @throws StartError when the address cannot be had */
export async function startServer(options: ServerOptions) {
  const { listener, upgrade, cors, host, port } = options;
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, checkIntervalMs = 1_000 } = options;
  const { writeTimeoutMs, maxUnreadBytes = MAX_UNREAD_BYTES } = options;
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 65_000,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    // The listener refuses a missing host like a malformed one.
    requireHostHeader: false,
  });
  // A request with more headers is refused, which Node.js would cut instead.
  server.maxHeadersCount = MAX_HEADERS + 1;
  const connections = watchConnections(server);
  limitStrangers(server, connections, options);
  const endUnread = createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes });
  let draining = false;
  server.on('request', (request, response) => {
    // Its connection sent too many.
    if (request.socket.destroyed) return;
    if (draining) response.shouldKeepAlive = false;
    // The path shows a probe.
    splitTarget(request);
    // A browser hides the refusal of a preflight from its page. The next request needs a new connection.
    const isAnswered = isProbe(request.url) || request.method === 'OPTIONS';
    if (draining && !isAnswered) refuseWhileDraining(response, cors);
    else listener(request, response);
  });
  // Node's own answer has no header of ours, and no expectation but `100-continue` has a meaning.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  if (upgrade) {
    takeUpgrades(server, connections, (request, socket, head) => {
      if (draining) refuseWhileDraining(responseOn(request, socket), cors);
      else upgrade(request, socket, head);
    });
  }
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket as Socket, connections.on(socket as Socket)?.unanswered),
  );
  let watchedMs = 0;
  let checkedAt = 0;
  const check = () => {
    const now = performance.now();
    // Node checks before it reads: after a stall it would give up those whose requests have come meanwhile.
    const hasStalled = now - checkedAt > headersTimeoutMs / 2;
    checkedAt = now;
    server.headersTimeout = hasStalled ? 0 : headersTimeoutMs;
    server.requestTimeout = hasStalled ? 0 : requestTimeoutMs;
    // Not by a clock: nobody's answer moves while the process stands still, and one who reads would be given up.
    watchedMs += checkIntervalMs;
    endUnread(connections.all(), watchedMs);
  };
  // Node's own checks begin then as well: each comes after one of these.
  server.prependOnceListener('listening', () => {
    checkedAt = performance.now();
    const checking = setInterval(check, checkIntervalMs).unref();
    server.once('close', () => clearInterval(checking));
  });
  const url = await bind(server, { host, port, names: 'HOST and PORT' });
  return {
    url,
    /** Lets what is under way finish, for at most `graceMs`, and takes nothing new; resolves when all is closed. */
    drain(graceMs: number): Promise<void> {
      draining = true;
      return drain(server, connections, { graceMs, cors });
    },
  };
}
