import { watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials } from '../callers/identify.ts';
import { createKeyStore } from '../callers/key-store.ts';
import type { Config } from '../config/config.ts';
import { readKeysFile } from '../config/text-file.ts';
import type { Gateway } from '../gateway.ts';
import type { OperationLog } from '../observability/log.ts';

/** How often it is looked whether a file has changed. A watcher of events misses links and mounts. */
const LOOK_EVERY_MS = 1_000;

/** Runs `reload` whenever the file changes, and on SIGHUP. */
function watch(path: string, reload: () => void): void {
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload);
  process.on('SIGHUP', reload);
}

/** The credentials as configured. A file of keys is read again whenever it changes. Nothing else is even loaded. */
export async function openKeys(
  { credentials: plain, keysFile, jwt }: Config,
  { info, warn }: Pick<OperationLog, 'info' | 'warn'>,
): Promise<Credentials> {
  const tokenVerifier =
    jwt && (await import('../callers/token-verifier.ts')).createTokenVerifier({ ...jwt, warn });
  const credentials = { ...plain, tokenVerifier };
  if (!keysFile) return credentials;
  const { path, entries } = keysFile;
  const keyRing = createKeyStore(entries);
  watch(path, () => {
    const read = readKeysFile(path, plain.heldKey);
    if ('problems' in read) {
      warn(
        `GATEWAY_KEYS_FILE: ${JSON.stringify(path)} has changed and is refused; the keys of before stay in force. ${read.problems.join('; ')}`,
      );
      return;
    }
    keyRing.replace(read.entries);
    info(`GATEWAY_KEYS_FILE: read again, ${read.entries.length} keys`);
  });
  // It may have changed since the configuration was read: the watcher compares with what it finds now.
  const current = readKeysFile(path, plain.heldKey);
  if ('entries' in current) keyRing.replace(current.entries);
  return { ...credentials, keyRing };
}

/** Reads the list of documents again when it changes. A bad one leaves that of before. */
export function watchDocuments(
  { documents, persisted }: Config,
  replace: Gateway['replaceDocuments'],
  { info, warn }: Pick<OperationLog, 'info' | 'warn'>,
): void {
  if (!documents) return;
  const reload = () => {
    const problems: string[] = [];
    const listed = documents.read(problems);
    try {
      if (problems.length === 0) replace(listed);
    } catch (error) {
      problems.push((error as Error).message);
    }
    if (problems.length === 0) info(`PERSISTED_DOCUMENTS_FILE: read again, ${listed.size} documents`);
    else warn(`${problems.join('; ')} The documents of before stay in force.`);
  };
  watch(documents.path, reload);
  // As with the keys, it may have changed since.
  if (!isDeepStrictEqual(documents.read([]), persisted.listed)) reload();
}
