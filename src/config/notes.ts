import { hostInUrl, isLoopback } from '../http/address.ts';
import type { VariableValues } from './env-variables.ts';

/** LuaAuth's documented limit, in calls per second for an API key. */
const DOCUMENTED_RATE = 50;

/** Describes settings that are valid but make no sense or may surprise, one sentence or two each. The gateway runs with them. */
export function notesOn(values: VariableValues, asksForKeys: boolean): string[] {
  const { FRESH_MS: freshMs, STALE_MS: staleMs, LUAAUTH_RATE: rate, LIVE_RATE: liveRate } = values;
  const { LUAAUTH_API_URL: apiUrl, NODE_ENV: nodeEnv = '', LUAAUTH_INSTANCES: instances } = values;
  // A stand-in for LuaAuth on this machine has its own limit, and its key is no secret.
  const isLive = apiUrl !== undefined && !isLoopback(apiUrl.hostname);
  const isHeldForAll =
    values.LUAAUTH_TOKEN !== undefined && !asksForKeys && isLoopback(hostInUrl(values.HOST));
  const isOverLimit = rate === 0 || rate > DOCUMENTED_RATE;
  return [
    staleMs > 0 &&
      staleMs <= freshMs &&
      `STALE_MS: ${staleMs} is not more than FRESH_MS (${freshMs}), so no cached read is ever served stale. Raise STALE_MS, or set it to 0.`,
    isLive &&
      isOverLimit &&
      `LUAAUTH_RATE: ${rate === 0 ? '0 means no limit, which' : rate} is more than the ${DOCUMENTED_RATE} calls per second that LuaAuth documents for a key. LuaAuth refuses the calls above its limit. Leave LUAAUTH_RATE out.`,
    values.USERS_FILE !== undefined &&
      values.LUAAUTH_TOKEN === undefined &&
      'USERS_FILE: set without LUAAUTH_TOKEN, so usersByDiscordId is an error: callers send their own LuaAuth keys, and the table is not for them. Set LUAAUTH_TOKEN, or leave USERS_FILE out.',
    rate > 0 &&
      liveRate > rate &&
      `LIVE_RATE: ${liveRate} is more than LUAAUTH_RATE (${rate}), which bounds subscriptions too. Set LIVE_RATE to less than ${rate}.`,
    values.REDIS_URL !== undefined &&
      rate > 0 &&
      instances === undefined &&
      `LUAAUTH_INSTANCES: not set, so each process has ${Math.floor(rate / 10)} of ${rate} calls a second while Redis is lost. Set it to the number of processes, with the extra ones of a rolling restart, at most 10.`,
    rate > 0 &&
      instances !== undefined &&
      instances > rate &&
      `LUAAUTH_INSTANCES: ${instances} is more than LUAAUTH_RATE (${rate}), so each process makes less than one call a second while Redis is lost. Set LUAAUTH_INSTANCES to the number of processes.`,
    isLive &&
      isHeldForAll &&
      'LUAAUTH_TOKEN: set without GATEWAY_KEYS, so every process of this machine may use the key. Set GATEWAY_KEYS to ask callers for a key.',
    /^(?:prod(?!uction$)|live$)/i.test(nodeEnv) &&
      `NODE_ENV: ${JSON.stringify(nodeEnv)} has no effect. Did you mean production? Only production requires LUAAUTH_API_URL and turns GraphiQL off.`,
  ].filter((note) => typeof note === 'string');
}
