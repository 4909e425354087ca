import { hostInUrl, isInClear, isLoopback } from '../http/address.ts';
import { type Name, VARIABLE_NAMES, type VariableValues } from './env-variables.ts';
import type { Environment } from './environment.ts';

export const JWT_VARIABLES = ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'] as const;

/** Adds a problem for each combination of variables that contradicts itself or is unsafe. */
export function findContradictions(values: VariableValues, problems: string[], hasKeysFile: boolean): void {
  const { HOST: host, LUAAUTH_API_URL: apiUrl } = values;
  const { LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: gatewayKeys } = values;
  // A variable with its own problem is not reported as missing too.
  const isMissing = (name: Name) => values[name] === undefined && !problems.some((p) => p.startsWith(name));
  const ofTokens = JWT_VARIABLES.find((name) => values[name] !== undefined);
  const hasGatewayKeys = gatewayKeys !== undefined || hasKeysFile || ofTokens !== undefined;
  if (apiUrl && values.LUAAUTH_SANDBOX) {
    problems.push('LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.');
  }
  // A forgotten or misspelt URL must not give made-up data to callers who trust it.
  if (values.NODE_ENV === 'production' && isMissing('LUAAUTH_API_URL') && !values.LUAAUTH_SANDBOX) {
    problems.push(
      'LUAAUTH_API_URL: not set, and NODE_ENV is production, so made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true to serve the sandbox.',
    );
  }
  if (apiUrl && isInClear(apiUrl) && !values.ALLOW_INSECURE_API) {
    problems.push(
      `LUAAUTH_API_URL: "${apiUrl.origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`,
    );
  }
  if (heldKey !== undefined && !hasGatewayKeys && isMissing('GATEWAY_KEYS') && !isLoopback(hostInUrl(host))) {
    problems.push(
      `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST ${JSON.stringify(host)} can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    );
  }
  if (hasGatewayKeys && isMissing('LUAAUTH_TOKEN')) {
    const name = hasKeysFile ? 'GATEWAY_KEYS_FILE' : gatewayKeys ? 'GATEWAY_KEYS' : ofTokens;
    problems.push(
      `${name}: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave ${name} out.`,
    );
  }
  if (heldKey !== undefined && !hasGatewayKeys && values.CORS_ORIGINS?.[0] === '*') {
    problems.push(
      'CORS_ORIGINS: *, but LUAAUTH_TOKEN is set without GATEWAY_KEYS: any page in a browser near the gateway could use your key. List the origins, or set GATEWAY_KEYS.',
    );
  }
  if (values.MCP && !hasGatewayKeys && isMissing('GATEWAY_KEYS')) {
    problems.push(
      "MCP: true, but GATEWAY_KEYS is not set: agents would have to present LuaAuth's own key, which MCP must not pass on. Set LUAAUTH_TOKEN and GATEWAY_KEYS, or leave MCP out.",
    );
  }
  if (values.MCP && !values.MCP_ARBITRARY && isMissing('PERSISTED_DOCUMENTS_FILE')) {
    problems.push(
      'PERSISTED_DOCUMENTS_FILE: not set, but MCP is true, and agents call the documents of this file. Give the path of a list of documents, or of a folder of .graphql files.',
    );
  }
  if (values.MCP_ARBITRARY && !values.MCP) {
    problems.push('MCP_ARBITRARY: true, but MCP is not. Set MCP=true, or leave MCP_ARBITRARY out.');
  }
  if (values.MCP_ARBITRARY && values.PERSISTED_DOCUMENTS === 'only') {
    problems.push(
      'MCP_ARBITRARY: true, but PERSISTED_DOCUMENTS is only, so no other document runs. Leave out one of the two.',
    );
  }
  if (values.WORKERS > 1 && isMissing('REDIS_URL')) {
    problems.push(
      `WORKERS: ${values.WORKERS}, but REDIS_URL is not set: each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave WORKERS out.`,
    );
  }
  if (values.LUAAUTH_INSTANCES !== undefined && isMissing('REDIS_URL')) {
    problems.push(
      'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    );
  }
  if ((values.LUAAUTH_INSTANCES ?? Infinity) < values.WORKERS) {
    problems.push(
      `LUAAUTH_INSTANCES: ${values.LUAAUTH_INSTANCES}, but WORKERS is ${values.WORKERS}: each worker counts, and some would have no share of the quota while Redis is lost. Set it to the number of all processes, or leave it out.`,
    );
  }
  const { PORT: port, METRICS_PORT: metricsPort = 0, METRICS_HOST: metricsHost, WORKERS: workers } = values;
  // Each worker serves metrics on its own port, counted from METRICS_PORT.
  const highest = 65_536 - workers;
  if (metricsPort > highest) {
    problems.push(
      `METRICS_PORT: ${metricsPort}, but each of the ${workers} WORKERS needs its own port, counted from there up to 65535. Set it to ${highest} or less.`,
    );
  }
  if (port > 0 && metricsPort > 0 && port >= metricsPort && port < metricsPort + workers) {
    if (metricsHost === host || [metricsHost, host].some((one) => one === '0.0.0.0' || one === '::'))
      problems.push(
        `METRICS_PORT: ${metricsPort}${workers > 1 ? ` and the ${workers - 1} after it, one for each of WORKERS` : ''}, but PORT is ${port}: one port cannot be both. Set METRICS_PORT to another one, or leave it out and set METRICS_KEY for /metrics on PORT.`,
      );
  }
}

/** The beginnings of names that only the gateway reads. Other names, such as HOST, may exist on any machine. */
const OURS = /^(?:LUAAUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/;

/** Variables that Kubernetes and Docker set for a service called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose reads its own settings from the same file. */
const COMPOSE = /^COMPOSE_/;

const MOST_EDITS = 3;
/** With at most this many edits, a name is meant for the gateway. */
const EDITS_OF_A_TYPO = 2;
/**
 * Two edits leave at least one of three parts of `LUAAUTH_` unchanged. A machine may have many names, and this test is
 * fast.
 */
const MAYBE_UNMISTAKABLE = /LUA|AUT|H_/;
const UNMISTAKABLE = VARIABLE_NAMES.filter((name) => name.startsWith('LUAAUTH_'));

/**
 * Reports variables that are set but unknown: all of them in the file, and outside it names similar to ours. Otherwise a
 * typo would run the gateway with a default.
 */
export function findUnknownNames(dotEnv: Environment, outer: Environment): string[] {
  const inFile = unknownOf(dotEnv).filter((name) => !COMPOSE.test(name));
  const outside = unknownOf(outer).filter((name) => isLikeOurs(name, outer[name] as string));
  return [
    ...inFile.map((name) => `${name}: .env sets it, but there is no such variable. ${adviceFor(name)}`),
    ...outside
      .filter((name) => !inFile.includes(name))
      .map((name) => `${name}: it is set, but there is no such variable. ${adviceFor(name)}`),
  ];
}

function unknownOf(given: Environment): string[] {
  const names = Object.keys(given).filter((name) => given[name]);
  // Versions of Node read a file in different orders.
  return names.filter((name) => !VARIABLE_NAMES.includes(name)).sort();
}

function isLikeOurs(name: string, value: string): boolean {
  if (SERVICE_LINK.test(name) || SERVICE_URL.test(value)) return false;
  const given = name.toUpperCase();
  if (OURS.test(given)) return true;
  if (!MAYBE_UNMISTAKABLE.test(given)) return false;
  return nearest(name, UNMISTAKABLE).edits <= EDITS_OF_A_TYPO;
}

function adviceFor(name: string): string {
  const { known, edits } = nearest(name);
  // If every letter would have to change, the names are not similar.
  return edits <= MOST_EDITS && edits < name.length
    ? `Did you mean ${known}?`
    : 'Remove it; "luaauth-graphql serve --help" lists all variables.';
}

function nearest(name: string, among = VARIABLE_NAMES): { known: string; edits: number } {
  const given = name.toUpperCase();
  let found = { known: '', edits: Number.POSITIVE_INFINITY };
  for (const known of among) {
    // Each letter more or less is an edit. This fast check skips most names.
    if (Math.abs(known.length - given.length) > MOST_EDITS) continue;
    const edits = editsBetween(given, known);
    if (edits < found.edits) found = { known, edits };
  }
  return found;
}

/** The number of letters to add, remove or change to get from one text to the other (Levenshtein). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column += 1) {
      const changed = (row[column] as number) + (one[index] === other[column] ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
