import { setTimeout as delay } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  createTraceState,
  DiagLogLevel,
  diag,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { clientOf, operationNameOf, withoutKeys } from '../../observability/facts.ts';
import {
  isOperation,
  type RequestEnd,
  type RequestObserver,
  type RequestRecord,
} from '../../observability/request-record.ts';
import { hashOf } from '../../operation/document-id.ts';
import type { ListedDocuments } from '../../operation/document-resolver.ts';
import { missingPackages } from '../../server/features.ts';
import type { Observer, Outcome } from '../../transport/observer.ts';
import type { Usage } from '../../transport/usage.ts';
import { version } from '../../version.ts';

/** Outcomes that are no errors. */
const WELL: readonly Outcome[] = ['ok', 'refused'];

/** Only listed documents give spans a name, as clients can choose any other name. A call's usage leads to its operation. */
export function createTracing(tracer: Tracer, listed: ReadonlySet<string>) {
  const spans = new WeakMap<RequestRecord, Span>();
  const contexts = new WeakMap<Readonly<Usage>, Context>();

  const begin = (record: RequestRecord): Span => {
    const { startedAt: startTime } = record;
    const parent = traceOf(record);
    const span = tracer.startSpan(nameOf(record, listed), { kind: SpanKind.SERVER, startTime }, parent);
    spans.set(record, span);
    const ids = span.spanContext();
    if (isSpanContextValid(ids)) record.span = { trace_id: ids.traceId, span_id: ids.spanId };
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
        // Uses the clock of the start time. The default would be the time of day, which may be changed meanwhile.
        span.end(record.startedAt + end.durationMs);
      },
    } satisfies RequestObserver,
    upstream: {
      queued({ endpoint, usage }) {
        const startTime = performance.now();
        const context = usage && contexts.get(usage);
        return () => {
          if (!context) return;
          const attributes = { 'url.template': templateOf(endpoint) };
          tracer.startSpan('wait for the quota', { startTime, attributes }, context).end(performance.now());
        };
      },
      requested({ endpoint, usage }) {
        const [method = ''] = endpoint.split(' ', 1);
        const attributes = { 'http.request.method': method, 'url.template': templateOf(endpoint) };
        // A call that renews a cache entry belongs to no operation, so it has its own trace.
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
        const attributes = { 'url.template': templateOf(endpoint) };
        if (context) trace.getSpan(context)?.addEvent('retry', attributes, performance.now());
      },
    } satisfies Observer,
  };
}

/** Follows the convention of OpenTelemetry: https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/. */
function nameOf(record: RequestRecord, listed: ReadonlySet<string>): string {
  const { operation, document } = record;
  if (!operation) return 'GraphQL Operation';
  const { type } = operation;
  const name = listed.size > 0 && listed.has(document?.hash() ?? '') ? operationNameOf(record) : undefined;
  return name === undefined ? type : `${type} ${name}`;
}

function attributesOf(record: RequestRecord, { status }: RequestEnd): Attributes {
  const { requestId, request, operation, usage, codes } = record;
  const { clientName, clientVersion } = clientOf(record);
  const hash = operation && record.document?.hash();
  return {
    'http.request.method': request.method,
    'http.route': request.path === '/mcp' ? '/mcp' : '/graphql',
    'http.response.status_code': status,
    'graphql.operation.type': operation?.type,
    'graphql.operation.name': operationNameOf(record),
    'graphql.document.hash': hash && `sha256:${hash}`,
    'graphql.client.name': clientName,
    'graphql.client.version': clientVersion,
    'luaauth.caller': record.caller,
    'luaauth.request_id': withoutKeys(record, requestId),
    'error.type': codes[0],
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

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The client's trace (W3C Trace Context). A malformed header starts a new trace. */
function traceOf(record: RequestRecord): Context {
  const { request } = record;
  const given = request.header('traceparent')?.trim() ?? '';
  const state = request.header('tracestate');
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(given) ?? [];
  const parent: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    traceState: state === null ? undefined : createTraceState(withoutKeys(record, state)),
    isRemote: true,
  };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

interface OtelOptions {
  /** The URL of a collector for OTLP over HTTP as JSON. */
  readonly url: URL;
  readonly version: string;
  readonly warn: (message: string) => void;
}

const NAME = 'luaauth-graphql';
/** How long sending the last spans may take. */
const FLUSH_MS = 2_000;

/**
 * The SDK reads further settings from the environment, such as OTEL_SERVICE_NAME. An SDK that was loaded with `node
 * --import` is used unchanged.
 * @throws StartError if its packages are not installed
 */
export async function startOtel({ url, version, warn }: OtelOptions) {
  const none = new ProxyTracerProvider().getDelegate();
  const loaded = trace.getTracerProvider();
  if (!(loaded instanceof ProxyTracerProvider) || loaded.getDelegate() !== none)
    return { tracer: trace.getTracer(NAME, version), close: async () => undefined };
  const [{ BasicTracerProvider, BatchSpanProcessor }, resources, { OTLPTraceExporter }] =
    await loadPackages();
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  const quiet = () => undefined;
  const tell = (text: string) => warn(`OpenTelemetry: ${messageIn(text)}`);
  const logger = { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url.href }))],
  });
  return {
    tracer: provider.getTracer(NAME, version) as Tracer,
    // Rejects if the collector does not accept the last spans.
    close: () =>
      Promise.race([
        provider.shutdown().catch(({ message }: Error) => tell(message)),
        delay(FLUSH_MS, undefined, { ref: false }),
      ]),
  };
}

/** Extracts the message of an error. The error is JSON with a stack and the collector's answer, which may quote a key. */
function messageIn(text: string): string {
  try {
    const { message, code, name } = JSON.parse(text);
    return String(message ?? code ?? name);
  } catch {
    return text;
  }
}

async function loadPackages() {
  try {
    return await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  } catch (cause) {
    throw missingPackages('tracing', 'OTEL_EXPORTER_OTLP_ENDPOINT', cause);
  }
}

/** @throws StartError if OpenTelemetry's packages are not installed */
export async function openTracing(url: URL, listed: ListedDocuments, warn: (message: string) => void) {
  const { tracer, close } = await startOtel({ url, version, warn });
  const hashes = new Set([...listed.values()].map(hashOf));
  return { ...createTracing(tracer, hashes), close };
}
