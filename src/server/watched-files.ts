import { watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials } from '../callers/identify.ts';
import { createKeyRing, entriesOfPlainKeys } from '../callers/key-ring.ts';
import type { UserTable } from '../callers/user-table.ts';
import type { Config, SecretFile } from '../config/config.ts';
import { readKeysFile } from '../config/keys-file.ts';
import { readUsersFile } from '../config/users-file.ts';
import type { Gateway } from '../gateway.ts';
import type { ProcessFeatures } from './features.ts';
import type { OperationLog } from './log.ts';

/** How often a file is checked for changes. File system events miss links and mounts. */
const LOOK_EVERY_MS = 1_000;

/** Runs `reload` when the file changes, and on SIGHUP. */
function watch(path: string, reload: () => void): void {
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload);
  process.on('SIGHUP', reload);
}

/** What a look at a file has found. `version` differs whenever the content differs. */
interface Found {
  readonly version: string;
  /** @throws Error if the content cannot be used, with the reason */
  use(): void;
}

/**
 * Uses what a file holds when it changes. What is found counts when the next look finds the same, because another program
 * may be writing the file.
 */
function watchSettled(
  path: string,
  inForce: string,
  look: () => Found,
  onRefused: (reason: string) => void,
): void {
  let current = inForce;
  let seen: string | undefined;
  let next: NodeJS.Timeout | undefined;
  const lookAgain = () => {
    clearTimeout(next);
    const { version, use } = look();
    const isUnchanged = version === current;
    const isSure = version === seen;
    seen = isUnchanged || isSure ? undefined : version;
    if (isUnchanged) return;
    if (!isSure) {
      next = setTimeout(lookAgain, LOOK_EVERY_MS).unref();
      return;
    }
    try {
      use();
      current = version;
    } catch (error) {
      onRefused((error as Error).message.replace(/\.$/, ''));
    }
  };
  watch(path, lookAgain);
  // The watcher compares with the file as it is now, but it may have changed since the configuration was read.
  lookAgain();
}

type Log = Pick<OperationLog, 'info' | 'warn'>;

/** Applies a new value of a secret. @throws Error if it cannot be used */
type UseSecret = (value: string) => void;

/** Reads files of secrets again when they change. A bad file leaves the previous value in force. */
export function watchSecrets(
  { secretFiles }: Config,
  uses: Readonly<Record<SecretFile['name'], UseSecret>>,
  { info, warn }: Log,
): void {
  for (const { name, path, value, read } of secretFiles) {
    const look = (): Found => {
      const found = lookAt(read);
      return {
        version: JSON.stringify(found),
        use() {
          if ('problem' in found) throw new Error(found.problem);
          uses[name](found.value);
          info(`${name}_FILE: read again, the secret has changed`);
        },
      };
    };
    watchSettled(path, JSON.stringify({ value }), look, (reason) => {
      // Each connection to Redis reads the file itself, and reports the same problem.
      if (name !== 'REDIS_URL') warn(`${reason}. The previous secret stays in force.`);
    });
  }
}

function lookAt(read: () => string): { readonly value: string } | { readonly problem: string } {
  try {
    return { value: read() };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** The configured table of users. It is read again when the file changes. A bad file leaves the previous table in force. */
export function openUsers({ usersFile }: Config, { info, warn }: Log): UserTable | undefined {
  if (!usersFile) return undefined;
  const { path, version } = usersFile;
  let { users } = usersFile;
  const look = (): Found => {
    const found = readUsersFile(path);
    return {
      version: found.version,
      use() {
        users = found.parse();
        info(`USERS_FILE: read again, ${users.size} Discord ids`);
      },
    };
  };
  watchSettled(path, version, look, (reason) =>
    warn(`USERS_FILE: ${JSON.stringify(path)}: ${reason}. The previous table stays in force.`),
  );
  return { get: (discordId) => users.get(discordId) };
}

type ReplaceableCredentials = Credentials & { heldKey?: string | undefined };

/** Replaces the API key for later calls. @throws Error for a gateway key, because callers know it */
export function replaceHeldKey(credentials: ReplaceableCredentials, key: string): void {
  const { gatewayKeys = [], keyRing = createKeyRing(entriesOfPlainKeys(gatewayKeys)) } = credentials;
  if (keyRing.find(key) !== 'unknown')
    throw new Error('LUAAUTH_TOKEN_FILE: it holds a gateway key. Put the API key of LuaAuth in it');
  credentials.heldKey = key;
}

/** Opens the configured credentials. A file of keys is read again when it changes. Loads nothing else. */
export async function openKeys(
  { credentials: plain, keysFile, jwt }: Config,
  features: ProcessFeatures,
  { info, warn }: Log,
): Promise<ReplaceableCredentials> {
  const tokenVerifier = jwt && (await features.jwt?.())?.createTokenVerifier({ ...jwt, warn });
  const credentials: ReplaceableCredentials = { ...plain, tokenVerifier };
  if (!keysFile) return credentials;
  const { path, entries } = keysFile;
  const keyRing = createKeyRing(entries);
  const opened = { ...credentials, keyRing };
  watch(path, () => {
    const read = readKeysFile(path, opened.heldKey);
    if ('problems' in read) {
      warn(
        `GATEWAY_KEYS_FILE: ${JSON.stringify(path)} has changed and is refused; the previous keys stay in force. ${read.problems.join(' ')}`,
      );
      return;
    }
    keyRing.replace(read.entries);
    info(`GATEWAY_KEYS_FILE: read again, ${read.entries.length} keys`);
  });
  // The file may have changed since the configuration was read.
  const current = readKeysFile(path, plain.heldKey);
  if ('entries' in current) keyRing.replace(current.entries);
  return opened;
}

/** Reads the list of documents again when it changes. A bad list leaves the previous documents in force. */
export function watchDocuments(
  { documents, persisted }: Config,
  replace: Gateway['replaceDocuments'],
  { info, warn }: Log,
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
    else warn(`${problems.join('; ')} The previous documents stay in force.`);
  };
  watch(documents.path, reload);
  // The file may have changed since the configuration was read.
  if (!isDeepStrictEqual(documents.read([]), persisted.listed)) reload();
}
