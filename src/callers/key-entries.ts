import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { z as Zod } from 'zod';
import { ID_FORM, isId } from '../luaauth/decoders.ts';
import { EVERYTHING, type Grant } from './grant.ts';
import { EVERY_SCOPE, isScope, SCOPES } from './scopes.ts';

/** A gateway key with its name, hash and permissions. */
export interface KeyEntry extends Grant {
  readonly name: string;
  /** The SHA-256 of the key in hex. Two hashes while the key is being replaced. */
  readonly sha256: readonly string[];
  readonly expiresAt: Date | undefined;
}

export type KeyEntries = { readonly entries: readonly KeyEntry[] } | { readonly problems: readonly string[] };

const NAME_FORM = '1 to 64 letters, digits or any of _ . -, and begins with a letter or digit';
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

const MAX_RATE = 100_000;
const NO_RATE = `is not a whole number from 1 to ${MAX_RATE}`;
const MAX_LISTED = 10_000;
const MAX_TOLD = 100;

/** The shape of a keys file. Zod takes longer to load than the rest of the configuration, so it is loaded only here. */
function describeFile() {
  const { z }: { readonly z: typeof Zod } = createRequire(import.meta.url)('zod');
  const sha256 = z
    .string({ error: 'is missing, or no text' })
    .regex(/^[0-9a-f]{64}$/i, 'is not the SHA-256 of a key: 64 hex digits')
    .transform((text) => text.toLowerCase());
  const scope = z.string({ error: 'is no text' }).refine((text) => text === EVERY_SCOPE || isScope(text), {
    error: ({ input }) =>
      `is ${quote(input)}, which is no scope. There are ${SCOPES.join(', ')} and ${EVERY_SCOPE}`,
  });
  const ids = z
    .array(
      z.string({ error: 'is no text' }).refine(isId, { error: `is not an id. An id is ${ID_FORM}` }),
      'is no list of ids',
    )
    .min(1, 'is empty. List an id, or leave it out')
    .max(MAX_LISTED, `has more than ${MAX_LISTED} ids`)
    .transform((all) => new Set(all))
    .optional();

  const entry = z.strictObject(
    {
      name: z.string({ error: 'is missing, or no text' }).regex(NAME, `is not a name. One has ${NAME_FORM}`),
      sha256: z
        .union([sha256.transform((one) => [one]), z.array(sha256).min(1).max(2)], {
          error: 'is not the SHA-256 of a key, 64 hex digits, or a list of one or two',
        })
        .refine((all) => new Set(all).size === all.length, 'has the same hash twice'),
      scopes: z
        .array(scope, 'is missing, or no list of scopes')
        .min(1, `is empty. List a scope, or ${EVERY_SCOPE} for all`),
      scripts: ids,
      projects: ids,
      rate: z.int(NO_RATE).min(1, NO_RATE).max(MAX_RATE, NO_RATE).optional(),
      expiresAt: z.iso
        .datetime({ offset: true, error: 'is not an instant such as 2027-01-01T00:00:00Z' })
        .transform((text) => new Date(text))
        .optional(),
    },
    { error: messageFor('is no object') },
  );

  return z.strictObject(
    { keys: z.array(entry, 'is missing, or no list of keys') },
    { error: messageFor('is no object such as {"keys": [...]}') },
  );
}

let described: ReturnType<typeof describeFile> | undefined;

/** Parses the JSON of a keys file, or lists its problems. Never quotes a hash, which may be a key by mistake. */
export function parseKeyEntries(text: string, heldKey?: string): KeyEntries {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problems: ['the file is not JSON. Write an object such as {"keys": [...]}'] };
  }
  described ??= describeFile();
  const result = described.safeParse(json);
  if (!result.success)
    return { problems: firstOf(result.error.issues, (issue) => describeIssue(issue, json)) };
  const entries = result.data.keys.map(({ scopes, ...rest }): KeyEntry => {
    const named = scopes.includes(EVERY_SCOPE) ? undefined : new Set(scopes.filter(isScope));
    return { ...EVERYTHING, expiresAt: undefined, ...rest, scopes: named };
  });
  const problems = [
    ...findRepeated(entries),
    ...entries.flatMap(findContradictions),
    ...findHeldKey(entries, heldKey),
  ];
  return problems.length > 0 ? { problems: firstOf(problems, (problem) => problem) } : { entries };
}

/** A large file can have a problem in every line, so only the first ones are described. */
function firstOf<Problem>(all: readonly Problem[], describe: (problem: Problem) => string): string[] {
  const first = all.slice(0, MAX_TOLD).map(describe);
  return all.length > MAX_TOLD ? [...first, `${all.length - MAX_TOLD} more problems`] : first;
}

/** Finds repeated names and hashes. A repeated name would give one caller two sets of permissions. */
function findRepeated(entries: readonly KeyEntry[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, { name, sha256 }] of entries.entries()) {
    for (const [what, own] of [['name', [`name ${name}`]] as const, ['sha256', sha256] as const]) {
      for (const value of own) {
        const first = seen.get(value);
        if (first === undefined) seen.set(value, index);
        else problems.push(`${placeOf(index, name)}.${what} is the same as in keys[${first}]`);
      }
    }
  }
  return problems;
}

/** A caller with LuaAuth's key would need no gateway. */
function findHeldKey(entries: readonly KeyEntry[], heldKey: string | undefined): string[] {
  if (heldKey === undefined) return [];
  const held = hash('sha256', heldKey);
  return entries.flatMap(({ name, sha256 }, index) =>
    sha256.includes(held)
      ? [
          `${placeOf(index, name)}.sha256 is the hash of LUAAUTH_TOKEN, which no caller may have. Make a key with "luaauth-graphql keys new"`,
        ]
      : [],
  );
}

function findContradictions({ name, scopes, scripts, projects }: KeyEntry, index: number): string[] {
  if (scripts === undefined && projects === undefined) return [];
  const ofUsers = scopes ? [...scopes].filter((one) => one.startsWith('users:')) : [EVERY_SCOPE];
  return ofUsers.map(
    (one) =>
      `${placeOf(index, name)}.scopes has ${one} beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out ${one}${one === EVERY_SCOPE ? ' and list the other scopes' : ''}, or leave out the list`,
  );
}

function describeIssue({ path, message }: Zod.core.$ZodIssue, json: unknown): string {
  const [first, index, ...rest] = path;
  if (first === undefined) return `the file ${message}`;
  if (typeof index !== 'number') return `${String(first)} ${message}`;
  const given = (json as { keys: readonly unknown[] }).keys[index] as { name?: unknown } | undefined;
  const name = typeof given?.name === 'string' && NAME.test(given.name) ? given.name : undefined;
  const below = rest.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${placeOf(index, name)}${below} ${message}`;
}

function placeOf(index: number, name: string | undefined): string {
  return `keys[${index}]${name === undefined ? '' : ` (${name})`}`;
}

/** A misspelt member would be a limit without effect. */
function messageFor(otherwise: string) {
  return (issue: Zod.core.$ZodRawIssue): string =>
    issue.code === 'unrecognized_keys'
      ? `has ${(issue.keys as string[]).map(quote).join(', ')}, which is not a known member`
      : otherwise;
}

function quote(given: unknown): string {
  return JSON.stringify(String(given).slice(0, 40));
}
