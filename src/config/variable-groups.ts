import type { Name } from './env-variables.ts';

export interface VariableGroup {
  readonly title: string;
  readonly names: readonly Name[];
}

/** Every variable once, as `--help` and docs/configuration.md group them. */
export const VARIABLE_GROUPS: readonly VariableGroup[] = [
  {
    title: 'LuaAuth API',
    names: ['LUAAUTH_API_URL', 'LUAAUTH_SANDBOX', 'ALLOW_INSECURE_API', 'NODE_ENV'],
  },
  {
    title: 'Credentials',
    names: [
      'LUAAUTH_TOKEN',
      'GATEWAY_KEYS',
      'GATEWAY_JWKS_URL',
      'GATEWAY_JWT_ISSUER',
      'GATEWAY_JWT_AUDIENCE',
    ],
  },
  { title: 'HTTP', names: ['HOST', 'PORT', 'GRAPHIQL', 'CORS_ORIGINS', 'COMPRESSION', 'READ_ONLY'] },
  { title: 'Persisted documents', names: ['PERSISTED_DOCUMENTS', 'PERSISTED_DOCUMENTS_FILE'] },
  { title: 'Timeouts', names: ['LUAAUTH_TIMEOUT_MS', 'OPERATION_TIMEOUT_MS', 'WRITE_TIMEOUT_MS'] },
  { title: 'Rate limit and cache', names: ['LUAAUTH_RATE', 'LUAAUTH_TOTAL_RATE', 'FRESH_MS', 'STALE_MS'] },
  {
    title: 'Subscriptions',
    names: ['LIVE_RATE', 'LIVE_MAX_SESSIONS', 'LIVE_MAX_STREAMS', 'LIVE_MAX_SCRIPTS', 'LIVE_MAX_LIFETIME_MS'],
  },
  {
    title: 'Several gateways',
    names: ['REDIS_URL', 'REDIS_PREFIX', 'REDIS_REQUIRED', 'LUAAUTH_INSTANCES', 'WORKERS'],
  },
  { title: 'Shutdown', names: ['SHUTDOWN_DELAY_MS', 'SHUTDOWN_GRACE_MS'] },
  {
    title: 'Limits',
    names: [
      'MAX_BODY_BYTES',
      'MAX_BODIES_BYTES',
      'MAX_DOCUMENT_LENGTH',
      'MAX_TOKENS',
      'MAX_DEPTH',
      'MAX_ALIASES',
      'MAX_DIRECTIVES',
      'MAX_QUERY_FIELDS',
      'MAX_MUTATION_FIELDS',
      'MAX_REST_CALLS',
      'MAX_ANSWER_OBJECTS',
      'MAX_ANSWER_BYTES',
    ],
  },
  {
    title: 'Logs, metrics and traces',
    names: [
      'LOG_LEVEL',
      'AUDIT_LOG_FILE',
      'METRICS_PORT',
      'METRICS_HOST',
      'METRICS_KEY',
      'OTEL_TRACES_EXPORTER',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    ],
  },
];
