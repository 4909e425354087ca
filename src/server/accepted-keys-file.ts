import { hash } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { StartError } from '../observability/start-error.ts';
import type { AcceptedAccounts } from '../state/port.ts';

const MAX_KEPT = 10_000;
const LINE = /^[\w-]{43}$/;
const OWNER_ONLY = 0o600;

/**
 * Each line is a hash of the hash of a key. Keeps the latest 10,000 accounts.
 * @param warn - called when a line cannot be written
 * @throws StartError if the file cannot be read or written
 */
export function openAcceptedKeysFile(path: string, warn: (message: string) => void): AcceptedAccounts {
  const accepted = new Set(readAtStart(path));
  return {
    has: (account) => accepted.has(lineOf(account)),
    add(account) {
      const line = lineOf(account);
      if (accepted.has(line)) return;
      const [oldest = ''] = accepted;
      if (accepted.size >= MAX_KEPT) accepted.delete(oldest);
      accepted.add(line);
      appendFile(path, `${line}\n`).catch(({ code }) =>
        warn(
          `ACCEPTED_KEYS_FILE: an accepted key was not written (${code}). After a restart LuaAuth has to accept it again.`,
        ),
      );
    },
  };
}

const lineOf = (account: string) => hash('sha256', `accepted:${account}`, 'base64url');

function readAtStart(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile())
    throw new StartError(
      `ACCEPTED_KEYS_FILE: ${JSON.stringify(path)} is a folder, a pipe or a device, not a regular file. Give the path of a file.`,
    );
  try {
    appendFileSync(path, '', { mode: OWNER_ONLY });
    const lines = readFileSync(path, 'utf8').split('\n');
    const known = [...new Set(lines.filter((line) => LINE.test(line)))];
    if (lines.length <= MAX_KEPT) return known;
    const kept = known.slice(-MAX_KEPT / 2);
    writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(''), { mode: OWNER_ONLY });
    renameSync(`${path}.new`, path);
    return kept;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `ACCEPTED_KEYS_FILE: ${JSON.stringify(path)} cannot be read and written (${code}). Give the path of a file that can.`,
      { cause },
    );
  }
}
