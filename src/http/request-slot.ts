import type { ServerResponse } from 'node:http';
import type { Reservation } from '../gate/memory.ts';
import type { RequestRecord } from '../observability/request-record.ts';
import type { OperationSlot } from '../operation/envelop-hooks.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import type { NodeRequest } from './node.ts';
import type { StreamedBody } from './response.ts';

/** The state of a request in Yoga, passed on in Yoga's server context. */
export interface RequestSlot extends OperationSlot {
  /** Set by the node:http listener. A request by `fetch` gets its record from the first hook. */
  record?: RequestRecord;
  readonly sent?: NodeRequest;
  readonly response?: ServerResponse;
  /** Whether code in front of the gateway had read the body before Yoga saw the request. */
  readonly wasRead?: boolean;
  /** The memory reservation of the body. The operation releases it, or else the end of the request. */
  reservation?: Reservation | undefined;
  isRunning?: boolean;
  results?: ResultStream;
  /** The response body that sends these results. */
  stream?: StreamedBody;
}
