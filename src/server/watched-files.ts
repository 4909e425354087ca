import { watchFile } from 'node:fs';
import type { Credentials } from '../callers/identify.ts';
import { createKeyRing, entriesOfPlainKeys } from '../callers/key-ring.ts';
import type { UserTable } from '../callers/user-table.ts';
import type { Config } from '../config/config.ts';
import type { ReloadedFile } from '../config/reloaded-file.ts';
import { HELD_KEY, hasHeldKey } from '../config/rules.ts';
import type { LoadedFeatures } from './features.ts';
import type { OperationLog } from './log.ts';

/** How often a file is checked for changes. File system events miss links and mounts. */
const LOOK_EVERY_MS = 1_000;

type Log = Pick<OperationLog, 'info' | 'warn'>;

/**
 * Looks at the file now, when its time or size has changed (checked every second), and on SIGHUP. A change counts when the next look finds the same, because another program may be writing the file. A file
 * that cannot be used leaves what was read before in force, and the next look tries it again.
 *
 * @param use - takes a new value into use, and returns what to log. @throws Error with the reason why it cannot be used
 */
export function watch<Value>(
  { variable, path, version: first, look }: ReloadedFile<Value>,
  use: (value: Value) => string,
  { info, warn }: Log,
): void {
  let current = first;
  let seen: string | undefined;
  let next: NodeJS.Timeout | undefined;
  const lookAgain = () => {
    clearTimeout(next);
    const { version, read } = look();
    const isChanged = version !== current;
    const isSure = version === seen;
    seen = isChanged ? version : undefined;
    if (!isChanged) return;
    if (!isSure) {
      next = setTimeout(lookAgain, LOOK_EVERY_MS).unref();
      return;
    }
    try {
      const used = use(read());
      current = version;
      info(`${variable}: read again, ${used}`);
    } catch (error) {
      const problem = (error as Error).message.replaceAll('\n', ' ');
      warn(`${problem} What was read before stays in force.`);
    }
  };
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, lookAgain);
  process.on('SIGHUP', lookAgain);
  // The watcher compares with the file as it is now, but it may have changed since the configuration was read.
  lookAgain();
}

type ReplaceableCredentials = Credentials & { heldKey?: string | undefined };

/** Opens the configured credentials, with the files that may change. `hide` keeps a new key out of the log. */
export function openKeys(
  { credentials: plain, tokenFile, keysFile, jwt }: Config,
  features: Pick<LoadedFeatures, 'jwt'>,
  log: Log,
  hide: (secrets: readonly string[]) => void,
): Credentials {
  const tokenVerifier = jwt && features.jwt?.createTokenVerifier({ ...jwt, warn: log.warn });
  const keyRing = createKeyRing(keysFile?.value ?? entriesOfPlainKeys(plain.gatewayKeys ?? []));
  const credentials: ReplaceableCredentials = { ...plain, tokenVerifier, ...(keysFile && { keyRing }) };
  if (tokenFile)
    watch(
      tokenFile,
      (key) => {
        if (keyRing.find(key) !== 'unknown') throw new Error(GATEWAY_KEY);
        hide([key]);
        // Calls in progress keep their key.
        credentials.heldKey = key;
        return 'the secret has changed';
      },
      log,
    );
  if (keysFile)
    watch(
      keysFile,
      (entries) => {
        if (hasHeldKey(entries, credentials.heldKey)) throw new Error(`GATEWAY_KEYS_FILE: ${HELD_KEY}`);
        keyRing.replace(entries);
        return `${entries.length} keys`;
      },
      log,
    );
  return credentials;
}

const GATEWAY_KEY =
  'LUAAUTH_TOKEN_FILE: it holds a gateway key, which callers know. Put the API key of LuaAuth in it.';

/** The configured table of users. */
export function openUsers({ usersFile }: Config, log: Log): UserTable | undefined {
  if (!usersFile) return undefined;
  let users = usersFile.value;
  watch(
    usersFile,
    (read) => {
      users = read;
      return `${users.size} Discord ids`;
    },
    log,
  );
  return { get: (discordId) => users.get(discordId) };
}
