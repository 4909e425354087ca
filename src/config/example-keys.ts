import { isLoopback } from '../http/address.ts';
import type { VariableValues } from './env-variables.ts';
import { isPlaceholder } from './plain-keys.ts';

/** Keys in our public documentation and examples. A test compares this list with the files. */
const EXAMPLES: ReadonlySet<string> = new Set([
  'sandbox-key',
  'sandbox-expired',
  'sandbox-basic',
  'team-a-Vd8sK2mQ41xZ',
  'team-b-n7Yw3RtC90pL',
  'agent-Vd8sK2mQ41xZ',
  'key-of-the-scraper',
]);

/** Adds a problem for each publicly known key, if the gateway calls LuaAuth itself. */
export function findExampleKeys(values: VariableValues, problems: string[]): void {
  const { LUAAUTH_API_URL: url, LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: list = [] } = values;
  if (url?.protocol !== 'https:' || isLoopback(url.hostname)) return;
  const say = (name: string, keys: readonly (string | undefined)[], advice: string) => {
    if (keys.some((key) => key !== undefined && isExample(key)))
      problems.push(
        `${name}: the given value (not shown) contains a publicly known key from an example. ${advice}`,
      );
  };
  say('LUAAUTH_TOKEN', [heldKey], 'Give the API key of your LuaAuth account.');
  const keys = list.map((given) => given.replace(/^[^=]*=(?=.)/, ''));
  say('GATEWAY_KEYS', [...list, ...keys], 'Make keys with "luaauth-graphql keys new".');
  say('METRICS_KEY', [values.METRICS_KEY], 'Make a key with "openssl rand -hex 32".');
}

function isExample(key: string): boolean {
  return EXAMPLES.has(key) || /^[$<%{]/.test(key) || isPlaceholder(key);
}
