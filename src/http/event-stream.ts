import type { StreamFormat } from './stream-body.ts';

/** Server-sent events, as the GraphQL over SSE protocol has them for one operation on a connection. */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  // Some browsers hold the headers back until something has come.
  begin: ':\n\n',
  ping: ':\n\n',
  next: (json) => `event: next\ndata: ${json}\n\n`,
  end: 'event: complete\ndata:\n\n',
};
