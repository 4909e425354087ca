import type { ServerResponse } from 'node:http';
import type { Reservation } from '../gate/memory.ts';
import type { RequestRecord } from '../observability/request-record.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import type { HttpRequest } from './http-request.ts';
import { type AcceptedTypes, negotiateTypes } from './negotiation.ts';

/** A request and what the gateway knows about it, from its arrival to its answer. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly record: RequestRecord;
  /** Undefined for a request by `fetch`. */
  readonly response: ServerResponse | undefined;
  accepted?: AcceptedTypes;
  /** The reserved memory of the body, until the pipeline takes it over. */
  reservation?: Reservation | undefined;
  /** The results of a subscription. */
  results?: ResultStream;
}

export function acceptedBy(exchange: Exchange): AcceptedTypes {
  exchange.accepted ??= negotiateTypes(exchange.request.header('accept'));
  return exchange.accepted;
}

/** What Yoga hands to every hook, besides `req` and `res` of node:http. */
export interface ServerContext {
  readonly exchange: Exchange;
}

/** Frees what an exchange holds that no operation and no answer has taken over. */
export function abandon({ reservation, results }: Exchange): void {
  reservation?.release();
  void results?.return?.();
}
