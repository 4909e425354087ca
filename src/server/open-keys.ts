import { unwatchFile, watchFile } from 'node:fs';
import type { Credentials } from '../callers/identify.ts';
import { createKeyRing } from '../callers/key-ring.ts';
import type { TokenVerifier } from '../callers/token-verifier.ts';
import type { Config, JwtConfig } from '../config/config.ts';
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

/** The credentials as configured. A file of keys is read again whenever it changes. What is not configured is not even loaded. */
export async function openKeys(
  { credentials: plain, keysFile, jwt }: Config,
  { info, warn }: Pick<Observability, 'info' | 'warn'>,
): Promise<Keys> {
  const credentials = { ...plain, tokenVerifier: jwt && (await openTokenVerifier(jwt, warn)) };
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

async function openTokenVerifier(jwt: JwtConfig, warn: (message: string) => void): Promise<TokenVerifier> {
  const { createTokenVerifier } = await import('../callers/token-verifier.ts');
  return createTokenVerifier({ ...jwt, warn });
}
