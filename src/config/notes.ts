import type { VariableValues } from './env-variables.ts';

/** LuaAuth's documented limit, in calls per second for an API key. */
const DOCUMENTED_RATE = 50;

/** Describes settings that are valid but make no sense, one sentence each. The gateway runs with them. */
export function notesOn(values: VariableValues): string[] {
  const { FRESH_MS: freshMs, STALE_MS: staleMs, LUAAUTH_RATE: rate, LIVE_RATE: liveRate } = values;
  const { LUAAUTH_API_URL: apiUrl, NODE_ENV: nodeEnv, LUAAUTH_INSTANCES: instances = 0 } = values;
  const notes: string[] = [];
  if (staleMs > 0 && staleMs <= freshMs)
    notes.push(
      `STALE_MS: ${staleMs} is not more than FRESH_MS (${freshMs}), so no cached read is ever served stale. Raise STALE_MS, or set it to 0.`,
    );
  if (apiUrl && rate > DOCUMENTED_RATE)
    notes.push(
      `LUAAUTH_RATE: ${rate} is more than the ${DOCUMENTED_RATE} calls per second that LuaAuth documents for a key. LuaAuth refuses the calls above its limit. Leave LUAAUTH_RATE out.`,
    );
  if (rate > 0 && liveRate > rate)
    notes.push(
      `LIVE_RATE: ${liveRate} is more than LUAAUTH_RATE (${rate}), which bounds subscriptions too. Set LIVE_RATE to less than ${rate}.`,
    );
  if (rate > 0 && instances > rate)
    notes.push(
      `LUAAUTH_INSTANCES: ${instances} is more than LUAAUTH_RATE (${rate}), so each process makes less than one call a second while Redis is lost. Set LUAAUTH_INSTANCES to the number of processes.`,
    );
  if (nodeEnv !== 'production' && /^(?:prod|live$)/i.test(nodeEnv ?? ''))
    notes.push(
      `NODE_ENV: ${JSON.stringify(nodeEnv)} has no effect. Did you mean production? Only production requires LUAAUTH_API_URL and turns GraphiQL off.`,
    );
  return notes;
}
