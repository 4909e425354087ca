import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type { GraphQLError } from 'graphql';
import type * as ws from 'ws';
import { requestError } from '../../errors/coded-error.ts';
import type { SocketDoor, SocketUpgrade } from '../../http/doors.ts';
import { nodeRequest } from '../../http/http-request.ts';
import { checkHead, responseOn, splitTarget, type Upgrade } from '../../http/node.ts';
import { errorResponse, REQUEST_ID, requestIdFor, sendResponse } from '../../http/response.ts';
import { readOperationPath } from '../../http/routes.ts';
import { offersProtocol, PROTOCOL } from './protocol.ts';
import { openSocketConnection } from './socket-connection.ts';

/** The most frames of a message, and chunks of a frame. `ws` stores an object for each, even for one byte. */
const MAX_PARTS = { maxFragments: 1024, maxBufferedChunks: 4096 };
/** How long a client may take to close its side of a connection. */
const CLOSE_WITHIN_MS = 2_000;

/** Accepts WebSockets of the protocol `graphql-transport-ws` at the path of operations. */
export function createSocketUpgrade(options: SocketDoor): SocketUpgrade {
  const { checkHost, checkOrigin, ownPath, tracker, maxBodyBytes } = options;
  const noSocketHere = requestError(
    'NOT_FOUND',
    404,
    `There is no WebSocket at this path. Connect to ${options.path}.`,
  );
  const connections = new Set<ReturnType<typeof openSocketConnection>>();
  let isEnding = false;
  let server: ws.WebSocketServer | undefined;

  const refusalFor = (request: IncomingMessage): GraphQLError | undefined => {
    const { headers, url = '' } = request;
    const { host, origin } = headers;
    const [path = ''] = url.split('?', 1);
    if (isEnding) return LEAVING;
    const malformed = checkHead(request);
    if (malformed) return malformed;
    const operationPath = readOperationPath(ownPath(path));
    if (!operationPath || operationPath.documentId !== undefined) return noSocketHere;
    const refusal = checkHost({ host, origin, path }) ?? checkOrigin({ host, origin });
    if (refusal) return refusal;
    return offersProtocol(headers['sec-websocket-protocol']) ? undefined : OTHER_PROTOCOL;
  };

  const refuse = (request: IncomingMessage, socket: Duplex, refusal: GraphQLError): void => {
    const response = responseOn(request, socket);
    const requestId = requestIdFor(request.headers[REQUEST_ID]);
    const record = tracker.begin(nodeRequest(request), requestId);
    tracker.answered(record, [refusal]);
    sendResponse(response, errorResponse(refusal, request.headers.accept), requestId);
    tracker.end(record, response.statusCode);
  };

  const upgrade: Upgrade = (request, socket, head) => {
    // The socket may break at any time; its owner then finds it closed.
    socket.on('error', () => undefined);
    splitTarget(request);
    const refusal = refusalFor(request);
    if (refusal) {
      refuse(request, socket, refusal);
      return;
    }
    server ??= createServer(maxBodyBytes).on('wsClientError', ({ message }, duplex, malformed) =>
      refuse(malformed, duplex, noHandshake(message)),
    );
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = openSocketConnection(webSocket, request, options);
      connections.add(connection);
      webSocket.once('close', () => connections.delete(connection));
    });
  };

  return {
    upgrade,
    end() {
      isEnding = true;
      for (const connection of connections) connection.end();
    },
  };
}

/** Loads `ws` with the first WebSocket, because many gateways have none. */
function createServer(maxPayload: number): ws.WebSocketServer {
  const { WebSocketServer }: typeof ws = createRequire(import.meta.url)('ws');
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    // A message in each turn of the event loop. Hundreds of a chunk would keep other clients waiting.
    allowSynchronousEvents: false,
    // The published types describe an older version.
    ...({ closeTimeout: CLOSE_WITHIN_MS, ...MAX_PARTS } as object),
    handleProtocols: () => PROTOCOL,
  });
}

/** `ws` would answer without the headers of other answers. Its message quotes nothing of the request. */
function noHandshake(problem: string): GraphQLError {
  return requestError(
    'BAD_REQUEST',
    400,
    `This is no WebSocket handshake: ${problem}. Use a WebSocket client.`,
  );
}

const OTHER_PROTOCOL = requestError(
  'BAD_REQUEST',
  400,
  `WebSockets need the subprotocol ${PROTOCOL} of the package graphql-ws. Name it in the header sec-websocket-protocol.`,
);

const LEAVING = requestError(
  'SHUTTING_DOWN',
  503,
  'The gateway is shutting down. Connect again to reach another process.',
);
