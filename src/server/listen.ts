import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { isProbe } from '../http/address.ts';
import type { CorsHeaders } from '../http/guards.ts';
import { MAX_HEADERS, responseOn, splitTarget, type Upgrade } from '../http/node.ts';
import { bind } from './bind.ts';
import { answerClientError } from './client-error.ts';
import { type ConnectionLimitOptions, limitConnections } from './connection-limit.ts';
import { watchConnections } from './connections.ts';
import { drain, refuseWhileDraining } from './drain.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { createUnreadAnswersCheck, type UnreadAnswersOptions } from './unread-answers.ts';
import { takeUpgrades } from './upgrades.ts';

export interface ServerOptions extends Partial<UnreadAnswersOptions>, ConnectionLimitOptions {
  readonly listener: RequestListener;
  /** Handles requests for WebSockets. */
  readonly upgrade: Upgrade;
  /** CORS headers of refusals while the server drains. Undefined: pages of other origins cannot read them. */
  readonly cors?: CorsHeaders | undefined;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long the head of a request may take to arrive, and how long a new connection may stay silent. */
  readonly headersTimeoutMs?: number;
  /** How long a whole request may take to arrive. */
  readonly requestTimeoutMs?: number;
  /** How often these times are checked. */
  readonly checkIntervalMs?: number;
}

export type RunningServer = Awaited<ReturnType<typeof startServer>>;

// Larger than Node's 16 kB, so that a key that is too long gets an error which explains it.
const MAX_HEADER_BYTES = 64 * 1024;

/** How long a client may read nothing of its answer. */
const WRITE_TIMEOUT_MS = 30_000;
/** Several of the largest answers, or a quarter of a small heap. */
const MAX_UNREAD_BYTES = Math.min(256 * 1024 * 1024, getHeapStatistics().heap_size_limit / 4);
/** How often unread answers are checked, in ms: streams may add 100 MB in a second. */
const UNREAD_CHECK_MS = 100;

/** Starts a server. @throws StartError if it cannot listen on the address */
export async function startServer(options: ServerOptions) {
  const { listener, upgrade, cors, host, port } = options;
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, checkIntervalMs = 1_000 } = options;
  const { writeTimeoutMs = WRITE_TIMEOUT_MS, maxUnreadBytes = MAX_UNREAD_BYTES } = options;
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 65_000,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    // The listener itself refuses a missing host.
    requireHostHeader: false,
  });
  // Node would cut further headers; so a request with more headers can be refused.
  server.maxHeadersCount = MAX_HEADERS + 1;
  const connections = watchConnections(server);
  limitConnections(server, connections, options);
  const checkUnread = createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes });
  let draining = false;
  const begin: RequestListener = (request, response) => {
    if (!draining) return listener(request, response);
    response.shouldKeepAlive = false;
    // Needed to recognize a probe by its path. The listener leaves a path as it is.
    splitTarget(request);
    // Browsers hide the refusal of a preflight from the page, so preflights are answered. The next request needs a new
    // connection.
    if (isProbe(request.url) || request.method === 'OPTIONS') return listener(request, response);
    refuseWhileDraining(response, cors);
  };
  server.on('request', oneAtATime(connections, begin));
  // Node's own answer lacks our headers. Only the expectation `100-continue` has a meaning.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  takeUpgrades(server, connections, (request, socket, head) => {
    if (draining) refuseWhileDraining(responseOn(request, socket), cors);
    else upgrade(request, socket, head);
  });
  server.on('clientError', (error, socket) =>
    answerClientError(error, socket as Socket, connections.on(socket as Socket)?.unanswered),
  );
  let checkedAt = 0;
  const check = () => {
    const now = performance.now();
    // Node checks before it reads. After a stall it would give up requests that have arrived meanwhile.
    const hasStalled = now - checkedAt > headersTimeoutMs / 2;
    checkedAt = now;
    server.headersTimeout = hasStalled ? 0 : headersTimeoutMs;
    server.requestTimeout = hasStalled ? 0 : requestTimeoutMs;
  };
  // Counts checks instead of using a clock. While the process stalls no answer moves, so a clock would close the connections of
  // clients that do read.
  let watchedMs = 0;
  // Node's own checks begin at the same time; each runs after one of these.
  server.prependOnceListener('listening', () => {
    checkedAt = performance.now();
    const checking = setInterval(check, checkIntervalMs).unref();
    const limiting = setInterval(() => {
      watchedMs += UNREAD_CHECK_MS;
      checkUnread(connections.all(), watchedMs);
    }, UNREAD_CHECK_MS).unref();
    server.once('close', () => {
      clearInterval(checking);
      clearInterval(limiting);
    });
  });
  const url = await bind(server, { host, port, names: 'HOST and PORT' });
  return {
    url,
    /** Accepts no new requests and lets the others finish, for at most `graceMs`. Resolves when all connections are closed. */
    drain(graceMs: number): Promise<void> {
      draining = true;
      return drain(server, connections, { graceMs, cors });
    },
  };
}
