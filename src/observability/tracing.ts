import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Observer, Outcome, Usage } from '../transport/observer.ts';
import { clientOf } from './client-info.ts';
import { isOperation, type RequestEnd, type RequestObserver, type RequestRecord } from './request-record.ts';
import { traceOf } from './trace-parent.ts';

export interface Tracing {
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly operations: RequestObserver;
}

const MAX_NAME_LENGTH = 100;
/** The API answered properly. */
const WELL: readonly Outcome[] = ['ok', 'refused'];

/**
 * A span for each operation, and below it one for each REST request and each wait for the quota. The usage, of which each
 * operation has one of its own, leads from a call to its operation.
 */
export function createTracing(tracer: Tracer): Tracing {
  const spans = new WeakMap<RequestRecord, Span>();
  const contexts = new WeakMap<Readonly<Usage>, Context>();

  const begin = (record: RequestRecord): Span => {
    const { startedAt: startTime } = record;
    const parent = traceOf(record);
    const span = tracer.startSpan(nameOf(record), { kind: SpanKind.SERVER, startTime }, parent);
    spans.set(record, span);
    if (record.usage) contexts.set(record.usage, trace.setSpan(parent, span));
    return span;
  };

  return {
    operations: {
      running: (record) => void begin(record),
      ended(record, end) {
        if (!isOperation(record)) return;
        const span = spans.get(record) ?? begin(record);
        span.setAttributes(attributesOf(record, end));
        if (record.codes.length > 0 || end.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    },
    upstream: {
      queued({ endpoint, usage }) {
        const startTime = performance.now();
        const context = usage && contexts.get(usage);
        let waits = false;
        // Whoever finds a place free has gone on before this.
        const mark = setImmediate(() => {
          waits = true;
        });
        return () => {
          clearImmediate(mark);
          if (!context || !waits) return;
          const attributes = { 'url.template': templateOf(endpoint) };
          tracer.startSpan('wait for the quota', { startTime, attributes }, context).end();
        };
      },
      requested({ endpoint, usage }) {
        const [method = ''] = endpoint.split(' ', 1);
        const attributes = { 'http.request.method': method, 'url.template': templateOf(endpoint) };
        // What renews a cache entry belongs to no operation: it has a trace of its own.
        const context = (usage && contexts.get(usage)) ?? ROOT_CONTEXT;
        const span = tracer.startSpan(endpoint, { kind: SpanKind.CLIENT, attributes }, context);
        return (outcome) => {
          span.setAttribute('luaauth.outcome', outcome);
          if (!WELL.includes(outcome)) {
            span.setAttribute('error.type', outcome).setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        };
      },
      retried({ endpoint, usage }) {
        const context = usage && contexts.get(usage);
        if (context) trace.getSpan(context)?.addEvent('retry', { 'url.template': templateOf(endpoint) });
      },
    },
  };
}

function nameOf({ operation }: RequestRecord): string {
  if (!operation) return 'unreadable operation';
  return [operation.type, operation.name?.slice(0, MAX_NAME_LENGTH)].filter(Boolean).join(' ');
}

function attributesOf(record: RequestRecord, { status }: RequestEnd): Attributes {
  const { requestId, request, operation, usage, codes } = record;
  const { clientName, clientVersion } = clientOf(record);
  return {
    'http.request.method': request.method,
    'http.route': '/graphql',
    'http.response.status_code': status,
    'graphql.operation.type': operation?.type,
    'graphql.operation.name': operation?.name?.slice(0, MAX_NAME_LENGTH),
    'graphql.client.name': clientName,
    'graphql.client.version': clientVersion,
    'luaauth.caller': record.caller,
    'luaauth.request_id': requestId,
    'luaauth.error_codes': codes.length > 0 ? [...new Set(codes)] : undefined,
    'luaauth.calls': usage?.calls,
    'luaauth.shared': usage?.shared,
    'luaauth.fresh': usage?.fresh,
    'luaauth.stale': usage?.stale,
  };
}

function templateOf(endpoint: string): string {
  return endpoint.slice(endpoint.indexOf(' ') + 1);
}
