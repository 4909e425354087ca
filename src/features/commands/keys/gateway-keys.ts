import { createHash, randomBytes } from 'node:crypto';
import { existsSync, fchmodSync, fchownSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { EVERY_SCOPE, SCOPES } from '../../../callers/scopes.ts';
import { print, printError, printForSure, type Terminal } from '../../../cli/terminal.ts';
import { parseKeyEntries, readKeysFile } from '../../../config/keys-file.ts';
import { isKeysFile } from '../../../config/plain-keys.ts';
import { named, Unusable } from '../../../config/unusable.ts';
import { StartError } from '../../../observability/start-error.ts';
import { replaceFile } from '../replace-file.ts';

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

/** A prefix by which people and secret scanners recognize a gateway key. */
const KEY_PREFIX = 'luagw_';
const KEY_BYTES = 32;

/** Prints a new key on stdout, alone. Its entry is added to the file, or printed on stderr. @throws StartError */
export async function makeKey(flags: NewKeyFlags, terminal: Terminal): Promise<void> {
  // The key is random and stored nowhere; only its hash is kept.
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const sha256 = createHash('sha256').update(key).digest('hex');
  const { file, name, rotate: isRotation = false } = flags;
  if (file === undefined) {
    if (isRotation) throw new StartError('--rotate needs --file, whose entry it changes.');
    const entry = newEntry(flags, sha256);
    checkEntries([entry]);
    print(terminal, key);
    const its = `Its entry, for "keys" in the file of GATEWAY_KEYS_FILE:\n${JSON.stringify(entry, undefined, 2)}`;
    printError(terminal, ['The key is shown only this time.', ...expiryOf(entry), its].join('\n'));
    return;
  }
  const change = (present: readonly JsonEntry[]) =>
    isRotation ? rotated(present, file, name, sha256) : [...present, newEntry(flags, sha256)];
  const keys = await changeFile(file, change, async () => {
    // If the key cannot be shown, the file stays unchanged: an unknown key would be useless and would end an older key.
    const lost = await printForSure(terminal, key);
    if (lost) throw new StartError(`The key cannot be shown (${lost.code}): ${file} is unchanged.`);
  });
  const entry = keys.find((one) => one.name === name) ?? {};
  const [use = 'A running gateway accepts it within two seconds.'] = expiryOf(entry);
  const more = isRotation ? ' The key before it stays valid, and an older one has ended.' : '';
  printError(terminal, `${file} has the hash of this key, which is shown only this time. ${use}${more}`);
}

/** Prints the name of each key with what it may do and when it ends. Never prints a hash. @throws StartError */
export function listKeys(path: string, terminal: Terminal): void {
  requireKeysFile(path);
  const keys = entriesIn(path);
  for (const { name, sha256, scopes, scripts, projects, rate, expiresAt } of keys) {
    print(terminal, String(name));
    const facts = {
      scopes,
      scripts,
      projects,
      rate: rate && `${rate} REST calls per second`,
      ends: typeof expiresAt === 'string' && `${expiresAt}${isOver(expiresAt) ? ', which is over' : ''}`,
      keys: [sha256].flat().length > 1 && 'two, of which the next --rotate ends the older one',
    };
    for (const [member, value] of Object.entries(facts))
      if (value) print(terminal, `  ${member.padEnd(9)}${[value].flat().join(', ')}`);
  }
  if (keys.length === 0) printError(terminal, `${path} has no keys.`);
}

/** Removes the entry with this name from the file. @throws StartError */
export async function revokeKey(name: string, path: string, terminal: Terminal): Promise<void> {
  requireKeysFile(path);
  // `changeFile` would make a new file where none is.
  entriesIn(path);
  await changeFile(path, (keys) => keys.toSpliced(indexOf(name, keys, path), 1));
  printError(
    terminal,
    `${path} has no key ${name} any more. A running gateway refuses it within two seconds, and ends its live data.`,
  );
}

/** Empty if the entry has not expired. */
function expiryOf({ expiresAt }: JsonEntry): readonly string[] {
  if (typeof expiresAt !== 'string' || !isOver(expiresAt)) return [];
  return [
    `No gateway accepts the key, because its entry expired at ${expiresAt}: set a later expiresAt there.`,
  ];
}

function isOver(expiresAt: string): boolean {
  return Date.parse(expiresAt) <= Date.now();
}

/** @throws StartError */
function requireKeysFile(path: string): void {
  if (!isKeysFile(path))
    throw new StartError(
      `${path}: the name of a keys file must end in .json, because a gateway reads any other file as a plain list. Rename it.`,
    );
}

/** Changes the entries of a file, and returns them. The file stays as it was if `beforeReplacing` fails. @throws StartError */
async function changeFile(
  path: string,
  change: (keys: readonly JsonEntry[]) => readonly JsonEntry[],
  beforeReplacing: () => Promise<void> = async () => undefined,
): Promise<readonly JsonEntry[]> {
  requireKeysFile(path);
  const before = existsSync(path) ? statSync(path) : undefined;
  const target = before ? realpathSync(path) : path;
  let keys: readonly JsonEntry[] = [];
  const fill = async (file: number) => {
    keys = change(existsSync(path) ? entriesIn(path) : []);
    checkEntries(keys);
    writeFileSync(file, `${JSON.stringify({ keys }, undefined, 2)}\n`);
    if (before) {
      // Keeps the owner and mode, so that a running gateway can still read the file.
      fchownSync(file, before.uid, before.gid);
      fchmodSync(file, before.mode);
    }
    await beforeReplacing();
  };
  try {
    // `wx` serves as a lock: two commands that read and write at the same time would lose a change.
    await replaceFile(target, 'wx', fill);
    return keys;
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

/** @throws StartError without scopes */
function newEntry(flags: NewKeyFlags, sha256: string): JsonEntry {
  const { name, scopes, scripts, projects, rate, expiresAt } = flags;
  if (scopes === undefined)
    throw new StartError(`--scopes is missing. Give some of ${SCOPES.join(', ')}, or ${EVERY_SCOPE}.`);
  return {
    name,
    sha256,
    scopes: listOf(scopes),
    ...(scripts !== undefined && { scripts: listOf(scripts) }),
    ...(projects !== undefined && { projects: listOf(projects) }),
    ...(rate !== undefined && { rate: Number.isNaN(Number(rate)) ? rate : Number(rate) }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Adds a hash to an entry. The previous key stays valid, and the key before it ends. @throws StartError */
function rotated(keys: readonly JsonEntry[], file: string, name: string, sha256: string): JsonEntry[] {
  const index = indexOf(name, keys, file);
  const known = keys[index];
  return keys.with(index, { ...known, sha256: [...[known?.sha256].flat().slice(-1), sha256] });
}

/** @throws StartError without such a key */
function indexOf(name: string, keys: readonly JsonEntry[], file: string): number {
  const index = keys.findIndex((entry) => entry.name === name);
  if (index >= 0) return index;
  const known =
    keys.length === 0 ? 'It has none.' : `There are ${keys.map((entry) => entry.name).join(', ')}.`;
  throw new StartError(`${file} has no key with the name ${JSON.stringify(name)}. ${known}`);
}

/** The other entries were right before, so each problem is one of the flags. @throws Unusable */
function checkEntries(keys: readonly JsonEntry[]): void {
  try {
    parseKeyEntries(JSON.stringify({ keys }));
  } catch (error) {
    throw error instanceof Unusable ? new Unusable(...error.problems.map(inTermsOfFlags)) : error;
  }
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

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
