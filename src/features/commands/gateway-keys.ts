import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { KeyEntry } from '../../callers/key-ring.ts';
import { EVERY_SCOPE, MEANINGS, SCOPES } from '../../callers/scopes.ts';
import { print, printForSure } from '../../cli/terminal.ts';
import { isKeysFile, type KeyEntries, parseKeyEntries, readKeysFile } from '../../config/keys-file.ts';
import { readTextFile } from '../../config/text-file.ts';

export interface NewKeyFlags {
  readonly name: string;
  readonly scopes?: string;
  readonly scripts?: string;
  readonly projects?: string;
  readonly rate?: string;
  readonly expiresAt?: string;
  readonly file?: string;
  readonly rotate?: boolean;
}

type JsonEntry = Record<string, unknown>;

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** A prefix by which people and secret scanners recognize a gateway key. */
const KEY_PREFIX = 'luagw_';
const KEY_BYTES = 32;
/** Only the owner can read a new file of keys. */
const OWNER_ONLY = 0o600;

/** Makes a key and prints it. Also prints its entry, or adds the entry to the file. Returns problems. */
export async function makeKey(flags: NewKeyFlags): Promise<readonly string[]> {
  const { file: path } = flags;
  if (path === undefined) {
    const made = makeEntry(flags);
    if ('problems' in made) return made.problems;
    print(made.shown);
    return [];
  }
  if (!isKeysFile(path)) return [notByName(path)];
  const before = existsSync(path) ? statSync(path) : undefined;
  const target = before ? realpathSync(path) : path;
  const next = `${target}.new`;
  let file: number;
  try {
    // Serves as a lock: two commands that read and write at the same time would lose a change.
    file = openSync(next, 'wx', OWNER_ONLY);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return [
      code === 'EEXIST'
        ? `${path} is being changed by another command: try again in a moment. If there is none, remove ${next}`
        : `${path} cannot be written (${code}). Name a file in a writable directory`,
    ];
  }
  let isReplaced = false;
  try {
    const made = makeEntry(flags);
    if ('problems' in made) return made.problems;
    writeFileSync(file, made.text);
    if (before) {
      // Keeps the owner and mode, so that a running gateway can still read the file.
      fchownSync(file, before.uid, before.gid);
      fchmodSync(file, before.mode);
    }
    // If the key cannot be shown, the file stays unchanged: an unknown key would be useless and would end an older key.
    const lost = await printForSure(made.shown);
    if (lost) return [`The key cannot be shown (${lost.code}): ${path} is unchanged`];
    // A gateway that reads meanwhile sees either the old or the new file.
    renameSync(next, target);
    isReplaced = true;
    return [];
  } catch (cause) {
    return [`${path} cannot be written (${(cause as NodeJS.ErrnoException).code}): it is unchanged`];
  } finally {
    closeSync(file);
    if (!isReplaced) rmSync(next, { force: true });
  }
}

function makeEntry(
  flags: NewKeyFlags,
): { readonly text: string; readonly shown: string } | { readonly problems: readonly string[] } {
  // The key is random and stored nowhere; only its hash is kept.
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const sha256 = createHash('sha256').update(key).digest('hex');
  const { file } = flags;
  const present = file !== undefined && existsSync(file) ? readJson(file) : { keys: [] };
  if ('problems' in present) return present;
  const change = flags.rotate ? rotate(present.keys, flags, sha256) : add(present.keys, flags, sha256);
  if ('problems' in change) return change;
  const text = `${JSON.stringify({ keys: change.keys }, undefined, 2)}\n`;
  const checked = parseKeyEntries(text);
  if ('problems' in checked) return checked;
  const ended = change.hasEnded ? ' The oldest key with this name has ended.' : '';
  const { expiresAt } = change.entry;
  const isOver = typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now();
  const use = isOver
    ? `No gateway accepts the key, because its entry expired at ${expiresAt}: set a later expiresAt there.`
    : 'A gateway that runs with this file accepts the key within two seconds.';
  const advice =
    file === undefined
      ? `${isOver ? `${use}\n` : ''}Its entry, for "keys" in the file of GATEWAY_KEYS_FILE:\n\n${JSON.stringify(change.entry, undefined, 2)}`
      : `${file} has its hash. ${use}${ended}`;
  return { text, shown: `${key}\n\nThe key is shown only this time.\n${advice}` };
}

type Change =
  | { readonly keys: readonly JsonEntry[]; readonly entry: JsonEntry; readonly hasEnded?: boolean }
  | { readonly problems: readonly string[] };

function add(keys: readonly JsonEntry[], flags: NewKeyFlags, sha256: string): Change {
  const { name, scopes, scripts, projects, rate, expiresAt } = flags;
  if (scopes === undefined) {
    return { problems: [`--scopes is missing. Give some of ${SCOPES.join(', ')}, or ${EVERY_SCOPE}`] };
  }
  const entry: JsonEntry = {
    name,
    sha256,
    scopes: listOf(scopes),
    ...(scripts !== undefined && { scripts: listOf(scripts) }),
    ...(projects !== undefined && { projects: listOf(projects) }),
    ...(rate !== undefined && { rate: Number(rate) }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  return { keys: [...keys, entry], entry };
}

/** Adds a hash to an entry. The previous key stays valid, and the key before it ends. */
function rotate(keys: readonly JsonEntry[], { name, file }: NewKeyFlags, sha256: string): Change {
  const index = keys.findIndex((one) => one.name === name);
  const known = keys[index];
  if (file === undefined) return { problems: ['--rotate needs --file, whose entry it changes'] };
  if (!known) return { problems: [`${file} has no key with the name ${JSON.stringify(name)}`] };
  const before = [known.sha256].flat();
  const entry = { ...known, sha256: [...before.slice(-1), sha256] };
  return { keys: keys.with(index, entry), entry, hasEnded: before.length > 1 };
}

/** Refuses a file with problems, because rewriting it could lose parts. */
function readJson(
  path: string,
): { readonly keys: readonly JsonEntry[] } | { readonly problems: readonly string[] } {
  const read = readTextFile(path, MAX_FILE_BYTES);
  if ('problem' in read) return { problems: [`${path} ${read.problem}`] };
  const checked = parseKeyEntries(read.text);
  if ('problems' in checked) return { problems: checked.problems.map((problem) => `${path}: ${problem}`) };
  return JSON.parse(read.text);
}

function notByName(path: string): string {
  return `${path}: the name of a keys file must end in .json, because a gateway reads any other file as a plain list. Rename it`;
}

/** Prints what a file of keys allows, key by key. Returns problems. */
export function showKeys(path: string): readonly string[] {
  if (!isKeysFile(path)) return [notByName(path)];
  const read: KeyEntries = readKeysFile(path);
  if ('problems' in read) return read.problems.map((problem) => `${path}: ${problem}`);
  const { entries } = read;
  print(
    [
      `${path}: ${entries.length} ${entries.length === 1 ? 'key' : 'keys'}`,
      ...entries.map(describeEntry),
    ].join('\n\n'),
  );
  return [];
}

function describeEntry({ name, sha256, scopes, scripts, projects, rate, expiresAt }: KeyEntry): string {
  const isOver = expiresAt !== undefined && expiresAt.getTime() <= Date.now();
  const can = scopes && [...scopes].map((scope) => `  may   ${scope.padEnd(15)} ${MEANINGS[scope]}`);
  const cannot = SCOPES.filter((scope) => scopes && !scopes.has(scope));
  return [
    `${name}${isOver ? ' (expired)' : ''}`,
    ...(can ?? [`  may   everything (${EVERY_SCOPE})`]),
    ...(cannot.length > 0 ? [`  not   ${cannot.join(', ')}`] : []),
    ...(scripts ? [`  only  the scripts ${[...scripts].join(', ')}`] : []),
    ...(projects
      ? [`  only  the projects ${[...projects].join(', ')}${scripts ? '' : ', and their scripts'}`]
      : []),
    ...(scripts && !projects ? ['  not   any project'] : []),
    ...(rate === undefined ? [] : [`  rate  ${rate} REST calls per second`]),
    ...(expiresAt === undefined ? [] : [`  until ${expiresAt.toISOString()}`]),
    ...(sha256.length > 1 ? ['  keys  two: remove the old key when it is no longer used'] : []),
  ].join('\n');
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
