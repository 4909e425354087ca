import { createHash, randomBytes } from 'node:crypto';
import { existsSync, fchmodSync, fchownSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import type { KeyEntry } from '../../callers/key-ring.ts';
import { EVERY_SCOPE, MEANINGS, SCOPES } from '../../callers/scopes.ts';
import { print, printError, printForSure, type Terminal } from '../../cli/terminal.ts';
import { isKeysFile, parseKeyEntries, readKeysFile } from '../../config/keys-file.ts';
import { named, Unusable } from '../../config/unusable.ts';
import { StartError } from '../../observability/start-error.ts';
import { replaceFile } from './replace-file.ts';

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

type JsonEntry = Readonly<Record<string, unknown>>;

interface MadeKey {
  readonly key: string;
  readonly entry: JsonEntry;
  /** The entries of the file with the new one. */
  readonly keys: readonly JsonEntry[];
}

/** A prefix by which people and secret scanners recognize a gateway key. */
const KEY_PREFIX = 'luagw_';
const KEY_BYTES = 32;
/** Prints a new key on stdout, alone. Its entry is added to the file, or printed on stderr. @throws StartError */
export async function makeKey(flags: NewKeyFlags, terminal: Terminal): Promise<void> {
  const { file } = flags;
  if (file === undefined) {
    const { key, entry } = makeEntry(flags);
    print(terminal, key);
    const its = `Its entry, for "keys" in the file of GATEWAY_KEYS_FILE:\n${JSON.stringify(entry, undefined, 2)}`;
    printError(terminal, [ONCE, ...expiryOf(entry), its].join('\n'));
    return;
  }
  const entry = await changeFile(file, flags, terminal);
  const [use = 'A running gateway accepts it within two seconds.'] = expiryOf(entry);
  const more = flags.rotate ? ' The key before it stays valid, and an older one has ended.' : '';
  printError(terminal, `${file} has the hash of this key, which is shown only this time. ${use}${more}`);
}

const ONCE = 'The key is shown only this time.';

/** Empty if the entry has not expired. */
function expiryOf({ expiresAt }: JsonEntry): readonly string[] {
  if (typeof expiresAt !== 'string' || Date.parse(expiresAt) > Date.now()) return [];
  return [
    `No gateway accepts the key, because its entry expired at ${expiresAt}: set a later expiresAt there.`,
  ];
}

/** Adds a key to a file, prints it and returns its entry. */
async function changeFile(path: string, flags: NewKeyFlags, terminal: Terminal): Promise<JsonEntry> {
  checkName(path);
  const before = existsSync(path) ? statSync(path) : undefined;
  const target = before ? realpathSync(path) : path;
  let changed: JsonEntry = {};
  const fill = async (file: number) => {
    const { key, entry, keys } = makeEntry(flags);
    changed = entry;
    writeFileSync(file, `${JSON.stringify({ keys }, undefined, 2)}\n`);
    if (before) {
      // Keeps the owner and mode, so that a running gateway can still read the file.
      fchownSync(file, before.uid, before.gid);
      fchmodSync(file, before.mode);
    }
    // If the key cannot be shown, the file stays unchanged: an unknown key would be useless and would end an older key.
    const lost = await printForSure(terminal, key);
    if (lost) throw new StartError(`The key cannot be shown (${lost.code}): ${path} is unchanged.`);
  };
  try {
    // `wx` serves as a lock: two commands that read and write at the same time would lose a change.
    await replaceFile(target, 'wx', fill);
    return changed;
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      code === 'EEXIST'
        ? `${path} is being changed by another command: try again in a moment. If there is none, remove ${target}.new.`
        : `${path} cannot be written (${code}), and is unchanged. Name a file in a writable directory.`,
    );
  }
}

/** Makes a key, and its entry in the file of the flags. @throws StartError */
function makeEntry(flags: NewKeyFlags): MadeKey {
  // The key is random and stored nowhere; only its hash is kept.
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const sha256 = createHash('sha256').update(key).digest('hex');
  const { file, rotate: isRotation = false } = flags;
  const present = file !== undefined && existsSync(file) ? entriesIn(file) : [];
  const made = isRotation ? rotate(present, flags, sha256) : add(present, flags, sha256);
  try {
    parseKeyEntries(JSON.stringify({ keys: made.keys }));
  } catch (error) {
    // The other entries were right before.
    throw error instanceof Unusable ? new Unusable(...error.problems.map(inTermsOfFlags)) : error;
  }
  return { key, ...made };
}

type Change = Omit<MadeKey, 'key'>;

function add(keys: readonly JsonEntry[], flags: NewKeyFlags, sha256: string): Change {
  const { name, scopes, scripts, projects, rate, expiresAt } = flags;
  if (scopes === undefined)
    throw new StartError(`--scopes is missing. Give some of ${SCOPES.join(', ')}, or ${EVERY_SCOPE}.`);
  const entry: JsonEntry = {
    name,
    sha256,
    scopes: listOf(scopes),
    ...(scripts !== undefined && { scripts: listOf(scripts) }),
    ...(projects !== undefined && { projects: listOf(projects) }),
    ...(rate !== undefined && { rate: Number.isNaN(Number(rate)) ? rate : Number(rate) }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  return { keys: [...keys, entry], entry };
}

/** Adds a hash to an entry. The previous key stays valid, and the key before it ends. */
function rotate(keys: readonly JsonEntry[], { name, file }: NewKeyFlags, sha256: string): Change {
  const index = keys.findIndex((entry) => entry.name === name);
  const known = keys[index];
  if (file === undefined) throw new StartError('--rotate needs --file, whose entry it changes.');
  if (!known) throw new StartError(`${file} has no key with the name ${JSON.stringify(name)}.`);
  const entry = { ...known, sha256: [...[known.sha256].flat().slice(-1), sha256] };
  return { keys: keys.with(index, entry), entry };
}

/** For example `keys[0].scopes[1]: …` becomes `--scopes: …`. */
function inTermsOfFlags(problem: string): string {
  return problem.replace(
    /^keys\[\d+\]\.(\w+)(?:\[\d+\])?/,
    (_place, member: string) => `--${member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
}

/** @throws Unusable for a file with problems, because rewriting it could lose parts */
function entriesIn(path: string): readonly JsonEntry[] {
  return named(path, () => {
    const text = readKeysFile(path);
    parseKeyEntries(text);
    return JSON.parse(text).keys;
  });
}

/** @throws StartError */
function checkName(path: string): void {
  if (!isKeysFile(path))
    throw new StartError(
      `${path}: the name of a keys file must end in .json, because a gateway reads any other file as a plain list. Rename it.`,
    );
}

/** Prints what a file of keys allows, key by key. @throws Unusable with all problems of the file */
export function showKeys(path: string, terminal: Terminal): void {
  checkName(path);
  const entries = named(path, () => parseKeyEntries(readKeysFile(path)));
  const title = `${path}: ${entries.length} ${entries.length === 1 ? 'key' : 'keys'}`;
  print(terminal, [title, ...entries.map(describeEntry)].join('\n\n'));
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
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
