import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws';
import { expect, it } from 'vitest';
import { CLOSE, MESSAGE, PROTOCOL } from '../../../src/features/websocket/protocol.ts';

it('the protocol has the names and codes of the package graphql-ws', () => {
  expect(PROTOCOL).toBe(GRAPHQL_TRANSPORT_WS_PROTOCOL);
  expect(Object.values(MESSAGE)).toEqual(Object.values(MessageType));
  expect(CLOSE).toEqual({
    goingAway: 1001,
    tryAgainLater: 1013,
    badRequest: CloseCode.BadRequest,
    unauthorized: CloseCode.Unauthorized,
    initTimeout: CloseCode.ConnectionInitialisationTimeout,
    subscriberExists: CloseCode.SubscriberAlreadyExists,
    tooManyRequests: CloseCode.TooManyInitialisationRequests,
  });
});
