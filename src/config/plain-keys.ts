import { isNameAlone, readPlainKey } from '../callers/key-ring.ts';

export const KEY_FORM = '16 to 512 letters, digits or any of _ . ~ + / = -';

const MIN_LENGTH = 16;
const MAX_LENGTH = 512;
const MIN_DISTINCT = 5;
const ALLOWED = /^[\w.~+/=-]*$/;

/** Texts of templates and examples, in lower case and without punctuation. A random key does not contain them by chance. */
const PLACEHOLDER =
  /change(?:me|this|it)|placeholder|replace(?:me|this|with)|insert(?:key|your|here)|your(?:own|luaauth)?(?:key|token|secret|password|gateway|api)|my(?:secret|password)|supersecret|password|undefined|(?:null){2}|(?:none){3}|(?:todo){2}|(?:test){3}|longrandom|randomkey|qwertyuiop|^1234567|^abcdefg/;

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

/** Whether the file lists keys with their permissions. Any other file is a plain list. */
export function isKeysFile(path: string): boolean {
  return path.toLowerCase().endsWith('.json');
}

/** Whether everyone can read the key in an example. Only the sandbox, or a stand-in for LuaAuth, may have it. */
export function isExampleKey(key: string): boolean {
  return EXAMPLES.has(key) || /^[$<%{]/.test(key) || isPlaceholder(key);
}

/** Describes the first key of a plain list that can be guessed, without the key. Undefined if there is none. */
export function describeBadKeys(list: readonly string[]): string | undefined {
  for (const [index, given] of list.entries()) {
    const problem = describeBadKey(given);
    if (problem !== undefined)
      return `key ${index + 1} of ${list.length} (not shown) ${problem}. A key has ${KEY_FORM}, and is hard to guess. Make one with "luaauth-graphql keys new --name NAME --scopes '*'".`;
  }
  return undefined;
}

function describeBadKey(given: string): string | undefined {
  const unset = 'which happens if the variable for the key is not set';
  if (given === '') return `is empty, ${unset}`;
  if (isNameAlone(given)) return `is a name and = without a key, ${unset}`;
  const { key } = readPlainKey(given);
  if (isPath(key)) return 'is a path, not a key: GATEWAY_KEYS_FILE reads keys from a file';
  if (/[$%<]|^\{\{/.test(key)) return `is a placeholder such as \${KEY} that nothing has replaced`;
  if (!ALLOWED.test(key)) return 'has characters that are not allowed';
  if (key.length < MIN_LENGTH || key.length > MAX_LENGTH)
    return `has ${key.length} ${key.length === 1 ? 'character' : 'characters'}`;
  if (isPlaceholder(key)) return 'is a placeholder';
  return new Set(key).size < MIN_DISTINCT ? 'repeats its characters, so it can be guessed' : undefined;
}

/** Paths of secrets have small letters. A random key hardly ever consists of such letters alone. */
export function isPath(given: string): boolean {
  return /^(?:(?:~|\.{1,2})(?:\/[a-z0-9._-]+)+|(?:\/[a-z0-9._-]+){2,})$/.test(given);
}

function isPlaceholder(key: string): boolean {
  return PLACEHOLDER.test(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}
