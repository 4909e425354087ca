import { hostInUrl, isInClear, isLoopback } from '../http/address.ts';
import { type Name, VARIABLE_NAMES, type VariableValues } from './env-variables.ts';
import type { Environment } from './environment.ts';

export const JWT_VARIABLES = ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'] as const;

/** Adds to the problems what variables say that cannot be true, or is not safe, together. */
export function findContradictions(values: VariableValues, problems: string[], hasKeysFile: boolean): void {
  const { HOST: host, LUAAUTH_API_URL: apiUrl } = values;
  const { LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: gatewayKeys } = values;
  // A variable with a problem of its own is not also missing.
  const isMissing = (name: Name) => values[name] === undefined && !problems.some((p) => p.startsWith(name));
  const ofTokens = JWT_VARIABLES.find((name) => values[name] !== undefined);
  const hasGatewayKeys = gatewayKeys !== undefined || hasKeysFile || ofTokens !== undefined;
  if (apiUrl && values.LUAAUTH_SANDBOX) {
    problems.push('LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.');
  }
  // A URL that is forgotten or misspelt must not mean made-up data for those who trust it.
  if (values.NODE_ENV === 'production' && isMissing('LUAAUTH_API_URL') && !values.LUAAUTH_SANDBOX) {
    problems.push(
      'LUAAUTH_API_URL: not set, and NODE_ENV is production: made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true if the sandbox is meant.',
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
      'PERSISTED_DOCUMENTS_FILE: not set, but MCP is true, and the documents in it are what agents can call. Give the path of a list of documents, or of a folder of .graphql files.',
    );
  }
  if (values.MCP_ARBITRARY && !values.MCP) {
    problems.push('MCP_ARBITRARY: true, but MCP is not. Set MCP=true, or leave MCP_ARBITRARY out.');
  }
  if (values.MCP_ARBITRARY && values.PERSISTED_DOCUMENTS === 'only') {
    problems.push(
      'MCP_ARBITRARY: true, but PERSISTED_DOCUMENTS is only, so no other document runs. Leave one of the two out.',
    );
  }
  if (values.WORKERS > 1 && isMissing('REDIS_URL')) {
    problems.push(
      `WORKERS: ${values.WORKERS}, but REDIS_URL is not set: each process would count the quota of LuaAuth for itself. Set REDIS_URL, or leave WORKERS out.`,
    );
  }
  if (values.LUAAUTH_INSTANCES !== undefined && isMissing('REDIS_URL')) {
    problems.push(
      'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth for itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    );
  }
  if ((values.LUAAUTH_INSTANCES ?? Infinity) < values.WORKERS) {
    problems.push(
      `LUAAUTH_INSTANCES: ${values.LUAAUTH_INSTANCES}, but WORKERS is ${values.WORKERS}: each worker counts, and some would have no share of the quota while Redis is lost. Set it to the number of all processes, or leave it out.`,
    );
  }
  const { PORT: port, METRICS_PORT: metricsPort = 0, METRICS_HOST: metricsHost, WORKERS: workers } = values;
  // Each worker has a port for its metrics, one after the other.
  const highest = 65_536 - workers;
  if (metricsPort > highest) {
    problems.push(
      `METRICS_PORT: ${metricsPort}, but each of the ${workers} WORKERS has a port of its own, one after the other, up to 65535. Set it to ${highest} or less.`,
    );
  }
  if (port > 0 && metricsPort > 0 && port >= metricsPort && port < metricsPort + workers) {
    if (metricsHost === host || [metricsHost, host].some((one) => one === '0.0.0.0' || one === '::'))
      problems.push(
        `METRICS_PORT: ${metricsPort}${workers > 1 ? ` and the ${workers - 1} after it, one for each of WORKERS` : ''}, but PORT is ${port}: one port cannot be both. Set METRICS_PORT to another one, or leave it out and set METRICS_KEY for /metrics on PORT.`,
      );
  }
}

/** How a name begins that nobody but the gateway reads. Others, such as HOST, every machine may have. */
const OURS = /^(?:LUAAUTH|GATEWAY|MAX|METRICS|REDIS|LIVE|PERSISTED|SHUTDOWN|CORS|CACHE_TTL)_/;

/** Variables that Kubernetes and Docker set for a service that is called `gateway`, `metrics` or `redis`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_URL = /^(?:tcp|udp|sctp):\/\//;

/** Docker Compose has settings of its own in the same file. */
const COMPOSE = /^COMPOSE_/;

const MOST_EDITS = 3;
/** So near to one of these, a name is meant for the gateway. */
const EDITS_OF_A_TYPO = 2;
/** Two edits leave one of the three parts of `LUAAUTH_` as it is. A machine may have many names, and this is fast. */
const MAYBE_UNMISTAKABLE = /LUA|AUT|H_/;
const UNMISTAKABLE = VARIABLE_NAMES.filter((name) => name.startsWith('LUAAUTH_'));

/**
 * The problem with each variable that is set and that nobody reads: any in the file, and outside of it those whose names
 * are like ours. Left alone, a typo would run the gateway with a default in the setting's place.
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
  // Versions of Node read a file in orders of their own.
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
  // Where no letter would stay, none was meant.
  return edits <= MOST_EDITS && edits < name.length
    ? `Did you mean ${known}?`
    : 'Remove it; "luaauth-graphql serve --help" tells of those that there are.';
}

function nearest(name: string, among = VARIABLE_NAMES): { known: string; edits: number } {
  const given = name.toUpperCase();
  let found = { known: '', edits: Number.POSITIVE_INFINITY };
  for (const known of among) {
    // Each letter more or less is an edit: a machine has many names, and few are near to one of ours.
    if (Math.abs(known.length - given.length) > MOST_EDITS) continue;
    const edits = editsBetween(given, known);
    if (edits < found.edits) found = { known, edits };
  }
  return found;
}

/** How many letters must be added, left out or changed to make one text of the other (Levenshtein). */
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
