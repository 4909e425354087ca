import { createHash } from 'node:crypto';

/** A script that Redis runs as one step, and the name under which it remembers it. */
export interface LuaScript {
  readonly source: string;
  readonly sha: string;
}

/** What the scripts begin with: the time of Redis in whole ms, which is the only one that they know. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function raise(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, math.ceil(ms)) end
end
`;

export function lua(strings: TemplateStringsArray, ...values: readonly (string | number)[]): LuaScript {
  const source = NOW + String.raw({ raw: strings }, ...values);
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
