import { isNameAlone, readPlainKey } from '../callers/key-ring.ts';

export const KEY_FORM = '16 to 512 letters, digits or any of _ . ~ + / = -';

const MIN_LENGTH = 16;
const MAX_LENGTH = 512;
const MIN_DISTINCT = 5;
const ALLOWED = /^[\w.~+/=-]*$/;
/** A list can have thousands of keys, each with a problem. */
const MAX_TOLD = 10;

/** Texts of templates and examples, in lower case and without punctuation. A random key does not contain them by chance. */
const PLACEHOLDER =
  /change(?:me|this|it)|placeholder|replace(?:me|this|with)|insert(?:key|your|here)|your(?:own|luaauth)?(?:key|token|secret|password|gateway|api)|my(?:secret|password)|supersecret|password|undefined|(?:null){2}|(?:none){3}|(?:todo){2}|(?:test){3}|longrandom|randomkey|qwertyuiop|^1234567|^abcdefg/;

/** Describes the problems of a plain list of gateway keys, without the keys. Undefined if every key looks hard to guess. */
export function describeBadKeys(list: readonly string[], heldKey: unknown): string | undefined {
  const bad = list.flatMap((given, index) => {
    const problem = describeBadKey(given, heldKey);
    return problem === undefined ? [] : [`key ${index + 1} of ${list.length} (not shown) ${problem}`];
  });
  if (bad.length === 0) return undefined;
  const more = bad.length > MAX_TOLD ? [`${bad.length - MAX_TOLD} more keys are refused`] : [];
  return `${[...bad.slice(0, MAX_TOLD), ...more].join('; ')}. ${ADVICE}`;
}

const ADVICE = `A key has ${KEY_FORM}, and is hard to guess. Make one with "luaauth-graphql keys new --name NAME --scopes '*'".`;

function describeBadKey(given: string, heldKey: unknown): string | undefined {
  const unset = 'which happens if the variable for the key is not set';
  if (given === '') return `is empty, ${unset}`;
  if (isNameAlone(given)) return `is a name and = without a key, ${unset}`;
  const { key } = readPlainKey(given);
  if (key === heldKey) return 'is the value of LUAAUTH_TOKEN, which no caller may have';
  if (isPath(key)) return 'is a path, not a key: GATEWAY_KEYS_FILE reads keys from a file';
  if (/[$%<]|^\{\{/.test(key)) return `is a placeholder such as \${KEY} that nothing has replaced`;
  if (!ALLOWED.test(key)) return 'has characters that are not allowed';
  if (key.length < MIN_LENGTH || key.length > MAX_LENGTH)
    return `has ${key.length} ${key.length === 1 ? 'character' : 'characters'}`;
  if (isPlaceholder(key)) return 'is a placeholder';
  return new Set(key).size < MIN_DISTINCT ? 'repeats its characters, so it can be guessed' : undefined;
}

/** Paths of secrets have small letters. A random key of such letters alone does not happen. */
export function isPath(given: string): boolean {
  return /^(?:(?:~|\.{1,2})(?:\/[a-z0-9._-]+)+|(?:\/[a-z0-9._-]+){2,})$/.test(given);
}

export function isPlaceholder(key: string): boolean {
  return PLACEHOLDER.test(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}
