/** Variables that earlier versions had, each with what took its place. */
export const GONE_VARIABLES: Readonly<Record<string, string>> = {
  ACCEPTED_KEYS_FILE:
    'Keys that LuaAuth has not accepted since the start share a quota until it accepts them.',
  CACHE_TTL_ADS: 'Set CACHE_TTL, such as ads=10m.',
  CACHE_TTL_EXECUTIONS: 'Set CACHE_TTL, such as executions=1m.',
  CACHE_TTL_PROJECTS: 'Set CACHE_TTL, such as projects=5s.',
  CACHE_TTL_SCRIPTS: 'Set CACHE_TTL, such as scripts=5s.',
  CACHE_TTL_SESSIONS: 'Set CACHE_TTL, such as sessions=5s.',
  CACHE_TTL_USERS: 'Set CACHE_TTL, such as users=5s.',
  COMPRESSION: 'Answers are always compressed if the client accepts it.',
  LIVE_MAX_LIFETIME_MS: 'A subscription lasts an hour. Then the client continues from its last cursor.',
  LIVE_MAX_SCRIPTS: 'The subscriptions of an API key follow at most 100 scripts at a time.',
  LIVE_MAX_SESSIONS: 'Subscriptions follow at most 2,000 sessions of a script.',
  LIVE_MAX_STREAMS: 'An API key has at most 1,000 subscriptions at a time.',
  MAX_ALIASES: 'An operation may have 2,000 fields, whatever their names.',
  MAX_BODIES_BYTES: 'All request bodies together may have 64 MB, or a sixteenth of the heap if that is less.',
  MAX_DIRECTIVES: 'A document may have 20,000 characters, and an operation 2,000 fields.',
  MAX_DOCUMENT_LENGTH: 'A document may have 20,000 characters.',
  MAX_MUTATION_FIELDS: 'Each mutation costs a REST call: set MAX_REST_CALLS.',
  MAX_QUERY_FIELDS: 'An operation may have 2,000 fields, and MAX_REST_CALLS bounds its calls.',
  MAX_TOKENS: 'A document may have 20,000 characters, and an operation 2,000 fields.',
  MCP_ARBITRARY: 'Run "luaauth-graphql mcp --arbitrary" for an agent that may run any query.',
  MCP_MAX_ANSWER_BYTES: 'An answer to an agent has at most 1 MB.',
  OTEL_TRACES_EXPORTER:
    'Traces are sent if OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, and only then.',
  REDIS_REQUIRED:
    'The gateway starts without Redis, and goes on with its share of the quota: see LUAAUTH_INSTANCES.',
  SHUTDOWN_DELAY_MS:
    'The listener closes at once. Let the orchestrator wait before it stops a process, such as with preStop in Kubernetes.',
  WRITE_TIMEOUT_MS: 'The connection of a client that reads nothing for 30 s is closed.',
};
