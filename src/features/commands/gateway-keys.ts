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
import { print, printError, printForSure, type Terminal } from '../../cli/terminal.ts';
import { isKeysFile, lookAtKeys, parseKeyEntries } from '../../config/keys-file.ts';
import { readTextFile } from '../../config/text-file.ts';
import { StartError } from '../../observability/start-error.ts';

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
  /** The text of the file with the entry. */
  readonly text: string;
  /** Whether the oldest of two keys has ended. */
  readonly hasEnded: boolean;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** A prefix by which people and secret scanners recognize a gateway key. */
const KEY_PREFIX = 'luagw_';
const KEY_BYTES = 32;
/** Only the owner can read a new file of keys. */
const OWNER_ONLY = 0o600;

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
  const { entry, hasEnded } = await changeFile(file, flags, terminal);
  const [use = 'A running gateway accepts it within two seconds.'] = expiryOf(entry);
  const ended = hasEnded ? ' The oldest key with this name has ended.' : '';
  printError(terminal, `${file} has the hash of this key, which is shown only this time. ${use}${ended}`);
}

const ONCE = 'The key is shown only this time.';

/** Empty if the entry has not expired. */
function expiryOf({ expiresAt }: JsonEntry): readonly string[] {
  if (typeof expiresAt !== 'string' || Date.parse(expiresAt) > Date.now()) return [];
  return [
    `No gateway accepts the key, because its entry expired at ${expiresAt}: set a later expiresAt there.`,
  ];
}

/** Adds a key to a file, and prints it. */
async function changeFile(path: string, flags: NewKeyFlags, terminal: Terminal): Promise<MadeKey> {
  checkName(path);
  const before = existsSync(path) ? statSync(path) : undefined;
  const target = before ? realpathSync(path) : path;
  const next = `${target}.new`;
  let file: number;
  try {
    // Serves as a lock: two commands that read and write at the same time would lose a change.
    file = openSync(next, 'wx', OWNER_ONLY);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      code === 'EEXIST'
        ? `${path} is being changed by another command: try again in a moment. If there is none, remove ${next}.`
        : `${path} cannot be written (${code}). Name a file in a writable directory.`,
    );
  }
  let isReplaced = false;
  try {
    const made = makeEntry(flags);
    writeFileSync(file, made.text);
    if (before) {
      // Keeps the owner and mode, so that a running gateway can still read the file.
      fchownSync(file, before.uid, before.gid);
      fchmodSync(file, before.mode);
    }
    // If the key cannot be shown, the file stays unchanged: an unknown key would be useless and would end an older key.
    const lost = await printForSure(terminal, made.key);
    if (lost) throw new StartError(`The key cannot be shown (${lost.code}): ${path} is unchanged.`);
    // A gateway that reads at this moment sees either the old or the new file.
    renameSync(next, target);
    isReplaced = true;
    return made;
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(
      `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}): it is unchanged.`,
    );
  } finally {
    closeSync(file);
    if (!isReplaced) rmSync(next, { force: true });
  }
}

function makeEntry(flags: NewKeyFlags): MadeKey {
  // The key is random and stored nowhere; only its hash is kept.
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const sha256 = createHash('sha256').update(key).digest('hex');
  const { file, rotate: isRotation = false } = flags;
  const present = file !== undefined && existsSync(file) ? entriesIn(file) : [];
  const { keys, entry, hasEnded } = isRotation ? rotate(present, flags, sha256) : add(present, flags, sha256);
  const text = `${JSON.stringify({ keys }, undefined, 2)}\n`;
  const checked = parseKeyEntries(text);
  // The other entries were right before.
  if ('problems' in checked) throw problemsOf(checked.problems.map(inTermsOfFlags));
  return { key, entry, text, hasEnded };
}

interface Change {
  readonly keys: readonly JsonEntry[];
  readonly entry: JsonEntry;
  readonly hasEnded: boolean;
}

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
  return { keys: [...keys, entry], entry, hasEnded: false };
}

/** Adds a hash to an entry. The previous key stays valid, and the key before it ends. */
function rotate(keys: readonly JsonEntry[], { name, file }: NewKeyFlags, sha256: string): Change {
  const index = keys.findIndex((entry) => entry.name === name);
  const known = keys[index];
  if (file === undefined) throw new StartError('--rotate needs --file, whose entry it changes.');
  if (!known) throw new StartError(`${file} has no key with the name ${JSON.stringify(name)}.`);
  const before = [known.sha256].flat();
  const entry = { ...known, sha256: [...before.slice(-1), sha256] };
  return { keys: keys.with(index, entry), entry, hasEnded: before.length > 1 };
}

/** For example `keys[0] (bot).scopes[1]: …` becomes `--scopes: …`. */
function inTermsOfFlags(problem: string): string {
  return problem.replace(
    /^keys\[\d+\](?: \([^)]*\))?\.(\w+)(?:\[\d+\])?/,
    (_place, member: string) => `--${member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
}

/** @throws StartError for a file with problems, because rewriting it could lose parts */
function entriesIn(path: string): readonly JsonEntry[] {
  const read = readTextFile(path, MAX_FILE_BYTES);
  if ('problem' in read) throw new StartError(`${path} ${read.problem}.`);
  const checked = parseKeyEntries(read.text);
  if ('problems' in checked) throw problemsOf(checked.problems.map((problem) => `${path}: ${problem}`));
  return JSON.parse(read.text).keys;
}

function problemsOf(problems: readonly string[]): StartError {
  return new StartError(problems.map((problem) => problem.replace(/(?<![.?])$/, '.')).join('\n'));
}

/** @throws StartError */
function checkName(path: string): void {
  if (!isKeysFile(path))
    throw new StartError(
      `${path}: the name of a keys file must end in .json, because a gateway reads any other file as a plain list. Rename it.`,
    );
}

/** Prints what a file of keys allows, key by key. @throws StartError with all problems of the file */
export function showKeys(path: string, terminal: Terminal): void {
  checkName(path);
  const read = lookAtKeys(path).read();
  if ('problems' in read) throw problemsOf(read.problems.map((problem) => `${path}: ${problem}`));
  const { value: entries } = read;
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
