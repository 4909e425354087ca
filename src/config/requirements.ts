import { hostInUrl, isInClear, isLoopback } from '../http/address.ts';
import type { Name, VariableValues } from './env-variables.ts';

interface Given extends VariableValues {
  /** Whether a variable is not set. False for a variable with its own problem. */
  isMissing(name: Name): boolean;
  /** The variable that gives callers keys or tokens. Undefined: anyone may call. */
  readonly keysFrom: string | undefined;
}

/** Returns the problem of a variable with other variables. The text follows the variable's name. */
type Rule = (given: Given) => string | false | undefined;

/** All three are needed: otherwise tokens of other issuers, or for other services, would be accepted. */
const JWT_VARIABLES = ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'] as const;

const neededBesideOthers =
  (name: (typeof JWT_VARIABLES)[number]): Rule =>
  (given) =>
    given.isMissing(name) &&
    JWT_VARIABLES.some((other) => given[other] !== undefined) &&
    `not set, but needed with the other two of ${JWT_VARIABLES.join(', ')}.`;

const needsToken =
  (name: Name | 'GATEWAY_KEYS_FILE'): Rule =>
  ({ isMissing, keysFrom }) =>
    keysFrom === name &&
    isMissing('LUAAUTH_TOKEN') &&
    `set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave ${name} out.`;

/** Rules about several variables, by the variable that a problem names. */
const RULES: Readonly<Partial<Record<Name | 'GATEWAY_KEYS_FILE', readonly Rule[]>>> = {
  GATEWAY_JWT_ISSUER: [neededBesideOthers('GATEWAY_JWT_ISSUER'), needsToken('GATEWAY_JWT_ISSUER')],
  GATEWAY_JWT_AUDIENCE: [neededBesideOthers('GATEWAY_JWT_AUDIENCE'), needsToken('GATEWAY_JWT_AUDIENCE')],
  GATEWAY_JWKS_URL: [
    ({ GATEWAY_JWKS_URL: url }) =>
      url &&
      isInClear(url) &&
      `"${url.origin}" is not encrypted, so anyone in between could replace the keys. Begin it with https://.`,
    neededBesideOthers('GATEWAY_JWKS_URL'),
    needsToken('GATEWAY_JWKS_URL'),
  ],
  LUAAUTH_SANDBOX: [
    ({ LUAAUTH_API_URL: url, LUAAUTH_SANDBOX: wantsSandbox }) =>
      url && wantsSandbox && 'true, but LUAAUTH_API_URL is set as well. Set one of the two.',
  ],
  LUAAUTH_API_URL: [
    // A forgotten or misspelt URL must not give made-up data in production.
    ({ NODE_ENV, LUAAUTH_SANDBOX, isMissing }) =>
      NODE_ENV === 'production' &&
      !LUAAUTH_SANDBOX &&
      isMissing('LUAAUTH_API_URL') &&
      'not set, and NODE_ENV is production, so made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true to serve the sandbox.',
    ({ LUAAUTH_API_URL: url, ALLOW_INSECURE_API }) =>
      url &&
      isInClear(url) &&
      !ALLOW_INSECURE_API &&
      `"${url.origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`,
  ],
  GATEWAY_KEYS: [
    ({ LUAAUTH_TOKEN, HOST, isMissing, keysFrom }) =>
      LUAAUTH_TOKEN !== undefined &&
      keysFrom === undefined &&
      isMissing('GATEWAY_KEYS') &&
      !isLoopback(hostInUrl(HOST)) &&
      `not set, but LUAAUTH_TOKEN is, and HOST ${JSON.stringify(HOST)} can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    needsToken('GATEWAY_KEYS'),
  ],
  GATEWAY_KEYS_FILE: [needsToken('GATEWAY_KEYS_FILE')],
  CORS_ORIGINS: [
    ({ LUAAUTH_TOKEN, CORS_ORIGINS, keysFrom }) =>
      LUAAUTH_TOKEN !== undefined &&
      keysFrom === undefined &&
      CORS_ORIGINS?.[0] === '*' &&
      '*, but LUAAUTH_TOKEN is set without GATEWAY_KEYS: any page in a browser near the gateway could use your key. List the origins, or set GATEWAY_KEYS.',
  ],
  MCP: [
    ({ MCP, isMissing, keysFrom }) =>
      MCP &&
      keysFrom === undefined &&
      isMissing('GATEWAY_KEYS') &&
      "true, but GATEWAY_KEYS is not set: agents would have to present LuaAuth's own key, which MCP must not pass on. Set LUAAUTH_TOKEN and GATEWAY_KEYS, or leave MCP out.",
  ],
  PERSISTED_DOCUMENTS_FILE: [
    ({ MCP, isMissing }) =>
      MCP &&
      isMissing('PERSISTED_DOCUMENTS_FILE') &&
      'not set, but MCP is true, and agents call the documents of this file. Give the path of a list of documents, or of a folder of .graphql files.',
    ({ PERSISTED_DOCUMENTS: mode, PERSISTED_DOCUMENTS_FILE: path }) =>
      mode === 'only' &&
      path === undefined &&
      'not set, but PERSISTED_DOCUMENTS is only, so every operation would be refused. Give the path of the list of documents.',
    ({ MCP, PERSISTED_DOCUMENTS: mode, PERSISTED_DOCUMENTS_FILE: path }) =>
      mode === 'off' &&
      path !== undefined &&
      !MCP &&
      'set, but PERSISTED_DOCUMENTS is off, so nothing would read it. Leave out one of the two.',
  ],
  WORKERS: [
    ({ WORKERS, isMissing }) =>
      WORKERS > 1 &&
      isMissing('REDIS_URL') &&
      `${WORKERS}, but REDIS_URL is not set: each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave WORKERS out.`,
  ],
  LUAAUTH_INSTANCES: [
    ({ LUAAUTH_INSTANCES, isMissing }) =>
      LUAAUTH_INSTANCES !== undefined &&
      isMissing('REDIS_URL') &&
      'set without REDIS_URL, so each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    ({ LUAAUTH_INSTANCES: instances = 10, WORKERS }) =>
      instances < WORKERS &&
      `${instances}, but WORKERS is ${WORKERS}: each worker counts, and some would have no share of the quota while Redis is lost. Set it to the number of all processes, or leave it out.`,
  ],
  METRICS_SCRIPTS: [
    ({ METRICS_SCRIPTS, isMissing }) =>
      METRICS_SCRIPTS &&
      isMissing('LUAAUTH_TOKEN') &&
      'set without LUAAUTH_TOKEN, whose key the polls would have. Set LUAAUTH_TOKEN, and GATEWAY_KEYS for the callers, or leave METRICS_SCRIPTS out.',
  ],
  METRICS_PORT: [
    ({ METRICS_PORT: metricsPort, METRICS_HOST, PORT, HOST }) =>
      PORT > 0 &&
      PORT === metricsPort &&
      HOST === METRICS_HOST &&
      `${PORT}, and PORT is the same. Set METRICS_PORT to another one, or leave it out and set METRICS_KEY for /metrics on PORT.`,
  ],
};

/** Adds a problem for each combination of variables that contradicts itself or is unsafe. */
export function findContradictions(values: VariableValues, problems: string[], hasKeysFile: boolean): void {
  const keyList = values.GATEWAY_KEYS && 'GATEWAY_KEYS';
  const keysFrom = hasKeysFile
    ? 'GATEWAY_KEYS_FILE'
    : (keyList ?? JWT_VARIABLES.find((name) => values[name] !== undefined));
  const isMissing = (name: Name) =>
    values[name] === undefined && !problems.some((problem) => problem.startsWith(name));
  for (const [name, rules] of Object.entries(RULES)) {
    for (const rule of rules) {
      const problem = rule({ ...values, isMissing, keysFrom });
      if (problem) problems.push(`${name}: ${problem}`);
    }
  }
}
