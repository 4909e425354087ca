import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { type RandomSource, systemRandom } from '../../transport/random-source.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
import type { RedisLink } from './link.ts';

/** Begins the record of an account that the store does not have in this epoch. Under a new name no older cache entry is valid. */
const ENTER_ACCOUNT = lua('account writes doubts', 'epoch name keep_ms')`
if redis.call('HGET', account, 'epoch') == epoch then return 0 end
redis.call('DEL', account, writes, doubts)
redis.call('HSET', account, 'epoch', epoch, 'name', name, 'writes', 0, 'forgotten', 0)
redis.call('PEXPIRE', account, keep_ms)
return 1`;

/** For how long an account is remembered that has only read: anybody can make up a key. */
export const ENTERED_MS = 10_000;
const TRIES = 3;

export type AccountKeyspace = ReturnType<typeof createAccountKeyspace>;

/**
 * An account's part of the store: all its keys have one hash tag, so that a cluster keeps them together.
 * @param keepMs - for how long a call or a write of it is remembered: longer than any entry is cached, and than any call takes
 */
function createAccountKeyspace(account: string, link: RedisLink, keepMs: number) {
  const { membership } = link;
  const encryption = createEncryption(account, link.random, link.rejected);
  const key = (kind: string) => link.key(kind, encryption.tag);
  return {
    encryption,
    quota: new SeenQuota(),
    keepMs,
    key,
    /**
     * Runs a script of which the first key is the account's and the first argument the epoch. Where the account is not in the
     * store, it is new there, or the store is: then it is entered, and the script runs again. @throws when the store is lost.
     */
    async run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown[]> {
      for (let tries = 1; ; tries += 1) {
        const reply = (await link.run(script, keys, [membership.epoch, ...args])) as unknown[];
        if (reply[0] !== -1) return reply;
        if (tries === TRIES) throw new Error('the store does not keep what is written');
        await membership.beat();
        const entered = [membership.epoch, membership.nextName(), ENTERED_MS];
        await link.run(ENTER_ACCOUNT, [key('account'), key('writes'), key('doubts')], entered);
      }
    },
  };
}

/** A quota as it was when the store was last asked. */
export class SeenQuota {
  used = 0;
  usedAt = Number.NEGATIVE_INFINITY;
  pausedUntil = Number.NEGATIVE_INFINITY;

  note(now: number, used: number, pausedMs: number): void {
    this.used = used;
    this.usedAt = now;
    this.pause(now, pausedMs);
  }

  pause(now: number, ms: number): void {
    if (ms > 0) this.pausedUntil = Math.max(this.pausedUntil, now + ms);
  }
}

const MAX_ACCOUNTS = 1_000;

export type AccountKeyspaces = ReturnType<typeof createAccountKeyspaces>;

/** The accounts that are in use; those that are not go. */
export function createAccountKeyspaces(link: RedisLink, keepMs: number) {
  const accounts = new LRUCache<string, AccountKeyspace>({
    max: MAX_ACCOUNTS,
    memoMethod: (name) => createAccountKeyspace(name, link, keepMs),
  });
  return { of: (name: string) => accounts.memo(name) };
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES;
/** Shorter texts gain nothing. */
const COMPRESS_FROM_BYTES = 1_024;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const PLAIN = Buffer.from([0]);
const COMPRESSED = Buffer.from([1]);

export type Encryption = ReturnType<typeof createEncryption>;

/**
 * Hides what is stored for the owner of a secret, such as an API key: names become an HMAC, values are encrypted. A reader of
 * the store sees neither, and what is stored for one secret cannot be opened with another.
 */
export function createEncryption(
  secret: string,
  random: RandomSource = systemRandom,
  onRejected: (kind: string) => void = () => undefined,
) {
  const nameKey = derive(secret, 'names');
  const valueKey = derive(secret, 'values');
  const name = (text: string) => createHmac('sha256', nameKey).update(text).digest('base64url').slice(0, 22);
  return {
    /** Stands for the secret in names of keys. */
    tag: name(''),
    name,
    /** `location` is where the value is stored: elsewhere it cannot be opened. */
    seal(text: string, location: string, mayCompress = true): Buffer {
      const bytes = Buffer.from(text);
      const isLong = mayCompress && bytes.length >= COMPRESS_FROM_BYTES;
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', valueKey, nonce).setAAD(Buffer.from(location));
      const content = isLong ? deflateRawSync(bytes, { level: 1 }) : bytes;
      const sealed = [cipher.update(isLong ? COMPRESSED : PLAIN), cipher.update(content), cipher.final()];
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]);
    },
    /** Undefined for what was not sealed for this location with this secret, or was changed since. */
    open(sealed: Buffer, location: string): string | undefined {
      if (sealed.length <= HEAD_BYTES) {
        if (sealed.length > 0) onRejected(kindOf(location));
        return undefined;
      }
      const nonce = sealed.subarray(0, NONCE_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', valueKey, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(location)).setAuthTag(sealed.subarray(NONCE_BYTES, HEAD_BYTES));
        const opened = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]);
        const content = opened.subarray(1);
        return opened[0] === PLAIN[0]
          ? content.toString()
          : inflateRawSync(content, { maxOutputLength: MAX_TEXT_BYTES }).toString();
      } catch {
        onRejected(kindOf(location));
        return undefined;
      }
    },
  };
}

/** The kind of a key, without what is particular to it: `luaauth:{tag}:entry-name` is an `entry`. */
function kindOf(location: string): string {
  return /:([a-z]+)[^:]*$/.exec(location)?.[1] ?? 'other';
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'luaauth-graphql', purpose, 32));
}
