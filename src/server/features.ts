import type { Clock } from '../base/clock.ts';
import type { Identify, TokenVerifier } from '../callers/identify.ts';
import type { Config } from '../config/config.ts';
import type { GatewayFeatures } from '../gateway-options.ts';
import type { OpenAgents } from '../http/doors.ts';
import type { GraphiQLPageOptions } from '../http/graphiql-options.ts';
import type { HostCheck } from '../http/guards.ts';
import type { HttpRoute } from '../http/routes.ts';
import type { Ask } from '../luaauth/api.ts';
import type { AnswerObserver, Difference } from '../observability/difference.ts';
import type { LiveObserver, OnlineObserver } from '../observability/observers.ts';
import type { RequestObserver } from '../observability/request-record.ts';
import { StartError } from '../observability/start-error.ts';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import type { State } from '../state/port.ts';
import type { Call, Reply } from '../transport/call.ts';
import type { Observer } from '../transport/observer.ts';

type Load<Module> = () => Promise<Module>;

/** What the dashboard's page knows of its gateway before a visitor signs in. */
export interface DashboardSettings {
  /** The ids of the projects that the page lists first. */
  readonly projects: readonly string[];
  /** The key that visitors may use, if the sandbox answers. */
  readonly sandboxKey: string | undefined;
  /** Whether the page has the list of the last requests. */
  readonly hasRequests: boolean;
}

/** The features of a process. Each is loaded when needed, and a build may lack any of them. */
export interface ProcessFeatures {
  readonly gateway: Load<
    GatewayFeatures & {
      readonly graphiql?: {
        describePage(config: Config, sandbox: SandboxFacts | undefined): GraphiQLPageOptions;
      };
    }
  >;
  readonly agents?: Load<{ openAgents(options: AgentOptions, keyAtStdin?: string): OpenAgents }>;
  readonly audit?: Load<{
    openAuditFile(path: string, secrets: readonly string[]): AuditFile;
    checkAuditFile(path: string): Promise<void>;
  }>;
  readonly dashboard?: Load<{
    loadDashboard(settings: DashboardSettings): Promise<HttpRoute>;
    readonly RecentRequests: new (identify: Identify) => RequestObserver & { readonly route: HttpRoute };
  }>;
  /** Compares answers with the documentation of the API. */
  readonly differences?: Load<{
    watchAnswers(ask: Ask, clock: Clock, observers: readonly AnswerObserver[]): Ask;
    compareAnswer(call: Call<unknown>, reply: Reply): readonly Difference[];
  }>;
  readonly jwt?: Load<{
    createTokenVerifier(
      options: NonNullable<Config['jwt']> & { readonly warn: (message: string) => void },
    ): TokenVerifier;
  }>;
  readonly metrics?: Load<{ openMetrics(options: MetricsOptions): Promise<OpenMetrics> }>;
  readonly redis?: Load<{
    openStateInRedis(options: RedisStateOptions): Promise<State>;
    /** Explains why Redis cannot be used, and what to do. */
    redisProblem(error: Error, url: string): string;
    /** Runs a script that changes nothing. @throws the connection's error */
    askRedis(options: { readonly url: string; readonly prefix: string }): Promise<void>;
  }>;
  readonly sandbox?: Load<{
    readonly facts: SandboxFacts;
    openSandbox(): Promise<{ readonly url: string; close(): Promise<void> }>;
    runSandbox(port: string, dates: 'fixed' | 'recent'): Promise<void>;
  }>;
  readonly tracing?: Load<{
    /** Spans may show the names of `listed` documents only. */
    openTracing(
      url: URL,
      listed: ListedDocuments,
      warn: (message: string) => void,
    ): Promise<{
      readonly operations: RequestObserver;
      readonly upstream: Observer;
      close(): Promise<void>;
    }>;
  }>;
}

export interface AgentOptions {
  /** The documents that are tools. */
  readonly listed: ListedDocuments;
  /** Whether to add a tool that runs any query. */
  readonly isArbitrary: boolean;
  /** The first sentences of the instructions, if the sandbox answers. */
  readonly sandboxAdvice?: string | undefined;
}

export interface AuditFile {
  readonly observer: RequestObserver;
  hide(secrets: readonly string[]): void;
  /** Opens the file again, because log rotation may have moved the open file. */
  reopen(): void;
  close(): void;
}

export interface MetricsOptions {
  readonly host: string;
  /** Undefined: the gateway serves the metrics as a page. */
  readonly port: number | undefined;
  readonly key: string | undefined;
  readonly linesLost: () => number;
  readonly checkHost: HostCheck;
}

interface OpenMetrics {
  readonly operations: RequestObserver;
  readonly upstream: Observer & AnswerObserver;
  readonly live: LiveObserver;
  readonly online: OnlineObserver;
  readonly pages: readonly HttpRoute[];
  readonly url: string | undefined;
  close(): void;
}

export interface RedisStateOptions {
  /** A `redis://` or `rediss://` URL for `@redis/client`. */
  readonly url: string;
  /** The prefix of every key name. Gateways with the same prefix share the quota. */
  readonly prefix?: string | undefined;
  /** How many processes may share an account at a time, from 1 to 10; default: 10. Must be the same in all gateways. */
  readonly instances?: number | undefined;
  /** Called with the reason when Redis is lost and whenever the reason changes; called with undefined when Redis is back. */
  readonly onChange?: ((reason: Error | undefined) => void) | undefined;
  readonly longestTtlMs: number;
}

export interface SandboxFacts {
  readonly key: string;
  isKey(given: string): boolean;
  /** Says that the sandbox answers, which key it knows and how to reach LuaAuth. */
  readonly advice: string;
  readonly ids: Readonly<
    Record<
      'scriptId' | 'visitedScriptId' | 'placeId' | 'projectId' | 'userKey' | 'blacklistedUserKey',
      string
    >
  >;
}

type Module<Name extends keyof ProcessFeatures> = Awaited<ReturnType<NonNullable<ProcessFeatures[Name]>>>;

/** The modules of the features that a configuration asks for. */
export type LoadedFeatures = {
  readonly [Name in Exclude<keyof ProcessFeatures, 'gateway'>]?: Module<Name>;
} & { readonly gateway: Module<'gateway'> };

/** @throws StartError if the configuration asks for a feature that this build lacks, or whose package is not installed */
export async function loadFeatures(config: Config, features: ProcessFeatures): Promise<LoadedFeatures> {
  const { metrics, persisted } = config;
  const gateway = await features.gateway();
  const asked: readonly (readonly [feature: string, variable: string, isAsked: boolean])[] = [
    ['agents', 'MCP', config.agents !== undefined],
    ['audit', 'AUDIT_LOG_FILE', config.auditFile !== undefined],
    ['dashboard', 'DASHBOARD', config.dashboard !== undefined],
    ['jwt', 'GATEWAY_JWKS_URL', config.jwt !== undefined],
    ['metrics', metrics?.port === undefined ? 'METRICS_KEY' : 'METRICS_PORT', metrics !== undefined],
    ['online', 'METRICS_SCRIPTS', config.metricsScripts !== undefined],
    ['persisted', 'PERSISTED_DOCUMENTS', persisted.mode === 'only'],
    ['redis', 'REDIS_URL', config.redis !== undefined],
    ['tracing', 'OTEL_EXPORTER_OTLP_ENDPOINT', config.tracesUrl !== undefined],
    ['sandbox', 'LUAAUTH_API_URL', !config.apiUrl],
  ];
  const loaded: Record<string, unknown> = { gateway };
  for (const [name, variable, isAsked] of asked) {
    if (!isAsked || name in gateway) continue;
    const { [name]: load }: Readonly<Record<string, Load<unknown> | undefined>> = { ...features };
    if (!load)
      throw new StartError(
        name === 'sandbox'
          ? NO_API
          : `${variable} needs the feature ${name}, which is not installed in this build. Leave ${variable} out.`,
      );
    loaded[name] = await load().catch((cause) => {
      throw isOptional(name) ? missingPackages(name, variable, cause) : cause;
    });
  }
  // Each name has got its own module.
  return loaded as LoadedFeatures;
}

/** The packages of features that an install of the gateway does not bring along. */
const PACKAGES = {
  agents: '@modelcontextprotocol/server@2',
  metrics: 'prom-client@15',
  tracing:
    '@opentelemetry/api@1.9 @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223',
};

const isOptional = (feature: string): feature is keyof typeof PACKAGES => feature in PACKAGES;

/** Says how to install what a feature needs. `variable` is what asks for the feature. */
export function missingPackages(
  feature: keyof typeof PACKAGES,
  variable: string,
  cause: unknown,
): StartError {
  const packages = PACKAGES[feature];
  const missing = packages.includes(' ')
    ? 'packages that are not installed'
    : 'a package that is not installed';
  return new StartError(
    `${variable} needs ${missing}. Run "npm install ${packages}", or leave ${variable} out.`,
    { cause },
  );
}

const NO_API =
  'LUAAUTH_API_URL: not set, and this build lacks the feature sandbox, which would answer instead. Set LUAAUTH_API_URL=https://api.luaauth.com.';
