/** The protocol's name in `sec-websocket-protocol`, as the package graphql-ws defines it. */
export const PROTOCOL = 'graphql-transport-ws';

export const MESSAGE = {
  connectionInit: 'connection_init',
  connectionAck: 'connection_ack',
  ping: 'ping',
  pong: 'pong',
  subscribe: 'subscribe',
  next: 'next',
  error: 'error',
  complete: 'complete',
} as const;

/** Close codes: the first two are WebSocket's own, the others the protocol's. */
export const CLOSE = {
  goingAway: 1001,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  initTimeout: 4408,
  subscriberExists: 4409,
  tooManyRequests: 4429,
} as const;

export function offersProtocol(header = ''): boolean {
  return header.split(',').some((name) => name.trim() === PROTOCOL);
}
