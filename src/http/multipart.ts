import { isFailure } from './result-response.ts';
import type { StreamFormat } from './stream-body.ts';

const BOUNDARY = '\r\n--graphql';

/** The boundary follows each part at once: until then, a client does not know that the part is complete. */
const part = (json: string) => `\r\nContent-Type: application/json\r\n\r\n${json}${BOUNDARY}`;

const HEARTBEAT = part('{}');

/** Apollo's multipart protocol for subscriptions, version 1.0. What ends a stream stands beside the payload. */
export const multipartStream: StreamFormat = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  begin: BOUNDARY + HEARTBEAT,
  ping: HEARTBEAT,
  next: (json, result) =>
    part(isFailure(result) ? `{"payload":null,${json.slice(1)}` : `{"payload":${json}}`),
  end: '--\r\n',
};
