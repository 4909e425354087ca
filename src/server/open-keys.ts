import { unwatchFile, watchFile } from 'node:fs';
import type { Credentials } from '../callers/identify.ts';
import { createKeyRing } from '../callers/key-ring.ts';
import type { Config } from '../config/config.ts';
import { readKeysFile } from '../config/keys-file.ts';
import type { Observability } from './open-observability.ts';

export interface Keys {
  readonly credentials: Credentials;
  /** Reads the file of keys again; undefined: there is none. */
  readonly reload: (() => void) | undefined;
  close(): void;
}

/** How often it is looked whether the file of keys has changed. What watches by events misses links and mounts. */
const LOOK_EVERY_MS = 1_000;

/** The credentials as configured. A file of keys is read again whenever it changes. */
export function openKeys(
  { credentials, keysFile }: Config,
  { info, warn }: Pick<Observability, 'info' | 'warn'>,
): Keys {
  if (!keysFile) return { credentials, reload: undefined, close() {} };
  const { path, entries } = keysFile;
  const keyRing = createKeyRing(entries);
  const reload = () => {
    const read = readKeysFile(path);
    if ('problems' in read) {
      warn(
        `GATEWAY_KEYS_FILE: ${JSON.stringify(path)} has changed and is refused; the keys of before stay in force. ${read.problems.join('; ')}`,
      );
      return;
    }
    keyRing.replace(read.entries);
    info(`GATEWAY_KEYS_FILE: read again, ${read.entries.length} keys`);
  };
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload);
  return {
    credentials: { ...credentials, keyRing },
    reload,
    close: () => unwatchFile(path, reload),
  };
}
