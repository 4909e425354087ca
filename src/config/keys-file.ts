import { EVERYTHING } from '../callers/grant.ts';
import type { KeyEntry } from '../callers/key-ring.ts';
import { EVERY_SCOPE, isScope, SCOPES } from '../callers/scopes.ts';
import { ID_FORM, isId } from '../luaauth/decoders.ts';
import { type Kind, listOf, objectOf, oneOf, problemsOf, required, textLike, wholeNumber } from './kinds.ts';
import { readTextFile } from './text-file.ts';
import { Unusable } from './unusable.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LISTED = 10_000;
const MAX_RATE = 100_000;
const MAX_TOLD = 100;

const HASH = /^[0-9a-f]{64}$/i;

const id: Kind = { has: isId, allowed: `an id: ${ID_FORM}` };

/** An entry as it stands in the file. */
interface WrittenEntry {
  readonly name: string;
  readonly sha256: string | readonly string[];
  readonly scopes: readonly string[];
  readonly scripts?: readonly string[];
  readonly projects?: readonly string[];
  readonly rate?: number;
  readonly expiresAt?: string;
}

const ENTRY = objectOf({
  name: required(
    textLike(
      /^[A-Za-z0-9][\w.-]{0,63}$/,
      '1 to 64 letters, digits or any of _ . -, the first a letter or digit',
    ),
  ),
  sha256: required({
    has: (value) => hashesIn(value).length > 0,
    allowed: 'the SHA-256 of a key, 64 hex digits, or a list of one or two different ones',
    // A key may stand there by mistake.
    secret: true,
  }),
  scopes: required(listOf(oneOf([...SCOPES, EVERY_SCOPE]), 100, 'scopes')),
  scripts: listOf(id, MAX_LISTED, 'ids'),
  projects: listOf(id, MAX_LISTED, 'ids'),
  rate: wholeNumber(1, MAX_RATE),
  expiresAt: { has: isInstant, allowed: 'an instant such as 2027-01-01T00:00:00Z' },
} satisfies Record<keyof WrittenEntry, Kind>);

const FILE = objectOf({
  keys: required({ has: Array.isArray, allowed: 'a list of keys', items: ENTRY }),
});

/** @throws Unusable */
export function readKeysFile(path: string): string {
  return readTextFile(path, MAX_BYTES);
}

/** Parses the JSON of a keys file. @throws Unusable, which never quotes a hash */
export function parseKeyEntries(text: string): readonly KeyEntry[] {
  const json = parseJson(text);
  if (!FILE.has(json)) throw new Unusable(NOT_JSON);
  const problems = problemsOf('', json, FILE);
  // Without a problem it is a file of such entries.
  const { keys } = json as { readonly keys: readonly WrittenEntry[] };
  if (problems.length === 0) problems.push(...findConflicts(keys));
  // A large file may have a problem in each line.
  const more = problems.splice(MAX_TOLD).length;
  if (more > 0) problems.push(`${more} more problems.`);
  if (problems.length > 0) throw new Unusable(...problems);
  return keys.map(readEntry);
}

const NOT_JSON = 'it is no object of JSON. Write an object such as {"keys": [...]}.';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readEntry({ scopes, scripts, projects, expiresAt, ...entry }: WrittenEntry): KeyEntry {
  return {
    ...EVERYTHING,
    ...entry,
    sha256: hashesIn(entry.sha256),
    scopes: scopes.includes(EVERY_SCOPE) ? undefined : new Set(scopes.filter(isScope)),
    scripts: scripts && new Set(scripts),
    projects: projects && new Set(projects),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
  };
}

/** One hash or two different ones, in lower case. Empty for any other value. */
function hashesIn(value: unknown): readonly string[] {
  const all = [value]
    .flat()
    .map((given) => (typeof given === 'string' && HASH.test(given) ? given.toLowerCase() : ''));
  return all.length <= 2 && !all.includes('') && new Set(all).size === all.length ? all : [];
}

/** `Date` alone would take other forms as well, and the 30th of February. */
function isInstant(value: unknown): boolean {
  const form = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
  const [text, day = ''] = typeof value === 'string' ? (form.exec(value) ?? []) : [];
  return (
    text !== undefined && !Number.isNaN(Date.parse(text)) && new Date(day).toJSON()?.startsWith(day) === true
  );
}

/** Finds what each entry alone does not show, and permissions that contradict each other. */
function findConflicts(entries: readonly WrittenEntry[]): string[] {
  const seen = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const { name, sha256, scopes, scripts, projects } = entry;
    const problems: string[] = [];
    const say = (member: string, problem: string) => problems.push(`keys[${index}].${member} ${problem}.`);
    // A repeated name would give one caller two sets of permissions.
    for (const [member, value] of [
      ['name', `name ${name}`],
      ...hashesIn(sha256).map((one) => ['sha256', one] as const),
    ] as const) {
      const first = seen.get(value);
      if (first === undefined) seen.set(value, index);
      else say(member, `is the same as in keys[${first}]`);
    }
    if (scripts ?? projects)
      for (const scope of scopes.filter((given) => given === EVERY_SCOPE || given.startsWith('users:')))
        say(
          'scopes',
          `has ${scope} beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out ${scope}${scope === EVERY_SCOPE ? ' and list the other scopes' : ''}, or leave out the list`,
        );
    return problems;
  });
}
