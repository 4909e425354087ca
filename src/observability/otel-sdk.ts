import { setTimeout as delay } from 'node:timers/promises';
import { DiagLogLevel, diag, ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';
import { StartError } from './start-error.ts';

export interface OtelOptions {
  /** Where the collector takes traces, by OTLP over HTTP as JSON. */
  readonly url: URL;
  readonly version: string;
  /** Called when spans cannot be delivered. */
  readonly warn: (message: string) => void;
}

const NAME = 'luaauth-graphql';
/** How long the last spans may take to leave. */
const FLUSH_MS = 2_000;

/**
 * Starts OpenTelemetry's SDK, which reads its further settings from the environment: OTEL_SERVICE_NAME,
 * OTEL_TRACES_SAMPLER and so on. One that was loaded with `node --import` is used as it is.
 * @throws StartError when its packages are not installed.
 */
export async function startOtel({ url, version, warn }: OtelOptions) {
  if (isLoadedAlready()) return { tracer: trace.getTracer(NAME, version), close: async () => undefined };
  const [{ BasicTracerProvider, BatchSpanProcessor }, resources, { OTLPTraceExporter }] =
    await loadPackages();
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  const quiet = () => undefined;
  const logger = { error: warn, warn, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url.href }))],
  });
  return {
    tracer: provider.getTracer(NAME, version) as Tracer,
    close: () => Promise.race([provider.shutdown(), delay(FLUSH_MS, undefined, { ref: false })]),
  };
}

function isLoadedAlready(): boolean {
  const provider = trace.getTracerProvider();
  const none = new ProxyTracerProvider().getDelegate();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== none;
}

async function loadPackages() {
  try {
    return await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  } catch (cause) {
    throw new StartError(
      'Tracing needs packages that are not installed. Run "npm install @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223", or set OTEL_TRACES_EXPORTER=none.',
      { cause },
    );
  }
}
