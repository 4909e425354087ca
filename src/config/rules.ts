import { createKeyRing, entriesOfPlainKeys, type KeyEntry, readPlainKey } from '../callers/key-ring.ts';
import { hostInUrl, isInClear, isLoopback } from '../http/address.ts';
import { MOST_INSTANCES, ROWS, type VariableValues } from './env-variables.ts';
import { isExampleKey } from './plain-keys.ts';
import type { ReloadedFile } from './reloaded-file.ts';

/** All three are needed. Without one of them, tokens of other issuers or for other services would be accepted. */
const JWT_VARIABLES = ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'] as const;

/** Undefined: anyone who can connect may call. */
export function keysFrom(values: VariableValues, hasKeysFile: boolean): string | undefined {
  if (hasKeysFile) return 'GATEWAY_KEYS_FILE';
  return (['GATEWAY_KEYS', ...JWT_VARIABLES] as const).find((name) => values[name] !== undefined);
}

/** Whether callers would have the gateway's own API key. */
export function hasHeldKey(entries: readonly KeyEntry[], heldKey = ''): boolean {
  return createKeyRing(entries).find(heldKey) !== 'unknown';
}

export const HELD_KEY =
  'one of the keys (not shown) is the value of LUAAUTH_TOKEN, which no caller may have. Make keys with "luaauth-graphql keys new".';

/** The problem of each combination of values that contradicts itself or is unsafe. Each value alone is right. */
export function findContradictions(
  values: VariableValues,
  keysFile: ReloadedFile<readonly KeyEntry[]> | undefined,
): string[] {
  const { LUAAUTH_API_URL: apiUrl, LUAAUTH_TOKEN: token, LUAAUTH_SANDBOX: wantsSandbox } = values;
  const { GATEWAY_KEYS: list = [], GATEWAY_JWKS_URL: jwksUrl, MCP } = values;
  const { PERSISTED_DOCUMENTS: mode, PERSISTED_DOCUMENTS_FILE: documents } = values;
  const { REDIS_URL: redisUrl } = values;
  const { HOST: host, PORT: port } = values;
  const keys = keysFrom(values, keysFile !== undefined);
  const isOpen = token !== undefined && keys === undefined;
  const hasJwt = JWT_VARIABLES.some((name) => values[name] !== undefined);
  const plain = list.map((given) => readPlainKey(given).key);
  const isLive = reachesLuaAuth(values);
  const example = (name: string, given: readonly (string | undefined)[], advice: string) =>
    isLive &&
    given.some((key) => key !== undefined && isExampleKey(key)) &&
    `${name}: the given value (not shown) contains a publicly known key from an example. ${advice}`;
  return textsIn([
    apiUrl &&
      wantsSandbox &&
      'LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.',
    // A forgotten or misspelt URL must not give made-up data in production.
    values.NODE_ENV === 'production' &&
      !wantsSandbox &&
      !apiUrl &&
      'LUAAUTH_API_URL: not set, and NODE_ENV is production, so made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true to serve the sandbox.',
    apiUrl &&
      isInClear(apiUrl) &&
      !values.ALLOW_INSECURE_API &&
      `LUAAUTH_API_URL: "${apiUrl.origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`,
    isOpen &&
      !isLoopback(hostInUrl(host)) &&
      `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST ${JSON.stringify(host)} can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    isOpen &&
      values.CORS_ORIGINS?.[0] === '*' &&
      'CORS_ORIGINS: *, but LUAAUTH_TOKEN is set without GATEWAY_KEYS: any page in a browser near the gateway could use your key. List the origins, or set GATEWAY_KEYS.',
    keys !== undefined &&
      token === undefined &&
      `${keys}: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave ${keys} out.`,
    hasHeldKey(keysFile?.value ?? entriesOfPlainKeys(list), token) &&
      `${keysFile ? 'GATEWAY_KEYS_FILE' : 'GATEWAY_KEYS'}: ${HELD_KEY}`,
    example('LUAAUTH_TOKEN', [token], 'Give the API key of your LuaAuth account.'),
    example('GATEWAY_KEYS', plain, 'Make keys with "luaauth-graphql keys new".'),
    example('METRICS_KEY', [values.METRICS_KEY], 'Make a key with "openssl rand -hex 32".'),
    ...JWT_VARIABLES.map(
      (name) =>
        hasJwt &&
        values[name] === undefined &&
        `${name}: not set, but needed with the other two of ${JWT_VARIABLES.join(', ')}.`,
    ),
    jwksUrl &&
      isInClear(jwksUrl) &&
      `GATEWAY_JWKS_URL: "${jwksUrl.origin}" is not encrypted, so anyone in between could replace the keys. Begin it with https://.`,
    MCP &&
      keys === undefined &&
      "MCP: true, but GATEWAY_KEYS is not set: agents would have to present LuaAuth's own key, which MCP must not pass on. Set LUAAUTH_TOKEN and GATEWAY_KEYS, or leave MCP out.",
    MCP &&
      documents === undefined &&
      'PERSISTED_DOCUMENTS_FILE: not set, but MCP is true, and agents call the documents of this file. Give the path of a list of documents, or of a folder of .graphql files.',
    mode === 'only' &&
      documents === undefined &&
      'PERSISTED_DOCUMENTS_FILE: not set, but PERSISTED_DOCUMENTS is only, so every operation would be refused. Give the path of the list of documents.',
    mode === 'off' &&
      documents !== undefined &&
      !MCP &&
      'PERSISTED_DOCUMENTS_FILE: set, but PERSISTED_DOCUMENTS is off, so nothing would read it. Leave out one of the two.',
    values.LUAAUTH_INSTANCES !== undefined &&
      redisUrl === undefined &&
      'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    values.METRICS_SCRIPTS &&
      token === undefined &&
      'METRICS_SCRIPTS: set without LUAAUTH_TOKEN, whose key the polls would have. Set LUAAUTH_TOKEN, and GATEWAY_KEYS for the callers, or leave METRICS_SCRIPTS out.',
    port > 0 &&
      port === values.METRICS_PORT &&
      host === values.METRICS_HOST &&
      `METRICS_PORT: ${port}, and PORT is the same. Set METRICS_PORT to another one, or leave it out and set METRICS_KEY for /metrics on PORT.`,
  ]);
}

/** Describes settings that are valid but may surprise, one sentence or two each. The gateway runs with them. */
export function notesOn(values: VariableValues, asksForKeys: boolean): string[] {
  const { LUAAUTH_RATE: rate, NODE_ENV: nodeEnv = '' } = values;
  const isLive = reachesLuaAuth(values);
  return textsIn([
    ...(isLive ? unusualIn(values) : []),
    values.USERS_FILE !== undefined &&
      values.LUAAUTH_TOKEN === undefined &&
      'USERS_FILE: set without LUAAUTH_TOKEN, so usersByDiscordId is an error: callers send their own LuaAuth keys, and the table is not for them. Set LUAAUTH_TOKEN, or leave USERS_FILE out.',
    values.REDIS_URL !== undefined &&
      rate > 0 &&
      values.LUAAUTH_INSTANCES === undefined &&
      `LUAAUTH_INSTANCES: not set, so each process has ${Math.floor(rate / MOST_INSTANCES)} of ${rate} calls a second while Redis is lost. Set it to the number of processes, with the extra ones of a rolling restart, at most ${MOST_INSTANCES}.`,
    isLive &&
      values.LUAAUTH_TOKEN !== undefined &&
      !asksForKeys &&
      isLoopback(hostInUrl(values.HOST)) &&
      'LUAAUTH_TOKEN: set without GATEWAY_KEYS, so every process of this machine may use the key. Set GATEWAY_KEYS to ask callers for a key.',
    /^(?:prod(?!uction$)|live$)/i.test(nodeEnv) &&
      `NODE_ENV: ${JSON.stringify(nodeEnv)} has no effect. Did you mean production? Only production requires LUAAUTH_API_URL and turns GraphiQL off.`,
  ]);
}

/** What the rows of the variables say of values that are hardly meant. */
function unusualIn(values: Readonly<Record<string, unknown>>): string[] {
  return ROWS.flatMap(([name, { unusual }]) => {
    const value = values[name];
    // Each row has read its value, with the type of the row.
    const told = value === undefined ? undefined : unusual?.(value as never);
    return told === undefined ? [] : [`${name}: ${told}`];
  });
}

/** A stand-in for LuaAuth, on this machine or without TLS, has its own limit, and its key is no secret. */
function reachesLuaAuth({ LUAAUTH_API_URL: apiUrl }: VariableValues): boolean {
  return apiUrl?.protocol === 'https:' && !isLoopback(apiUrl.hostname);
}

function textsIn(texts: readonly unknown[]): string[] {
  return texts.filter((text) => typeof text === 'string');
}
