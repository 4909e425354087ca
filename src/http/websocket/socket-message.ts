import { MessageType } from 'graphql-ws';
import { parseRequestJson } from '../../operation/params.ts';

/** What a client can say in the protocol `graphql-transport-ws`. */
export type ClientMessage =
  | {
      readonly type: MessageType.ConnectionInit | MessageType.Ping | MessageType.Pong;
      readonly payload: unknown;
    }
  | { readonly type: MessageType.Subscribe; readonly id: string; readonly payload: unknown }
  | { readonly type: MessageType.Complete; readonly id: string };

const MAX_ID_LENGTH = 256;

/** Reads a message, but not the operation in it, of which another step knows more; undefined: it is none. */
export function readClientMessage(text: string): ClientMessage | undefined {
  const message = parse(text) as Record<'type' | 'id' | 'payload', unknown> | null | undefined;
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, id, payload } = message;
  switch (type) {
    case MessageType.ConnectionInit:
    case MessageType.Ping:
    case MessageType.Pong:
      return { type, payload };
    case MessageType.Subscribe:
      return isId(id) ? { type, id, payload } : undefined;
    case MessageType.Complete:
      return isId(id) ? { type, id } : undefined;
    default:
      return undefined;
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
}

function parse(text: string): unknown {
  try {
    return parseRequestJson(text, 'The message');
  } catch {
    return undefined;
  }
}
