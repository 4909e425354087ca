import { endOfTurn, every } from '../../transport/clock.ts';
import type { SharedValues, ValueFollower } from '../../transport/shared-state.ts';
import { luaInStore } from './client.ts';
import { parsedObject } from './encryption.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import { RELEASE } from './lease.ts';
import type { RedisLink } from './link.ts';
import { createPubSub, type PubSubOptions } from './pub-sub.ts';

/** How often a process looks at the values that it follows, in ms. */
const LOOK_MS = 1_000;
/** A lease of the polls ends after this time unless its holder renews it, in ms. */
const POLL_LEASE_MS = 3_000;
/** Redis keeps a value for so long after the last look, in ms. */
const KEEP_MS = 75_000;

/**
 * Looks at a value, and takes or renews its lease. Replies whether this holder has the lease, whether the holder of the lease has
 * stored the value, its version, its age in ms, and the value if it has another version.
 */
export const LOOK = luaInStore('value:hash lease:string', 'version holder ms#')`
if not redis.call('SET', lease, holder, 'NX', 'PX', ms) and redis.call('GET', lease) == holder then
  redis.call('PEXPIRE', lease, ms)
end
local held = redis.call('GET', lease)
local found = redis.call('HMGET', value, 'version', 'by', 'at', 'sealed')
redis.call('PEXPIRE', value, ${KEEP_MS})
return { 1, now, held == holder and 1 or 0, found[2] == held and 1 or 0, found[1] or '', now - (tonumber(found[3]) or 0),
  found[1] ~= version and found[4] or '' }`;

/** Stores a value that was read `age` ms ago, if this holder has the lease. Replies whether it has. */
export const STORE = luaInStore('value:hash lease:string', 'version holder ms# age# sealed')`
if redis.call('GET', lease) ~= holder then return { 1, now, 0 } end
redis.call('HSET', value, 'version', version, 'by', holder, 'at', now - age, 'sealed', sealed)
redis.call('PEXPIRE', value, ${KEEP_MS})
redis.call('PEXPIRE', lease, ms)
return { 1, now, 1 }`;

type View = [hasLease: number, isCurrent: number, version: Buffer, ageMs: number, sealed: Buffer];

/** The values of an account that this process follows. */
interface Group {
  readonly channel: string;
  readonly values: Set<FollowedInRedis>;
  /** Takes a message: a key, a space and a word. With the channel's key, another process asks this process to look. */
  receive(message: Buffer): void;
}

/**
 * Values that all processes share. A message says that a value has changed, and the other processes look at it. A process that
 * misses the message looks a little later.
 */
export function createSharedValues(
  link: RedisLink,
  accounts: AccountKeyspaces,
  connecting: Pick<PubSubOptions, 'createClient' | 'url'>,
): SharedValues & { close(): Promise<void> } {
  const groups = new Map<string, Group>();
  const listeners: Parameters<SharedValues['onMessage']>[0][] = [];
  let stopLooking: (() => void) | undefined;
  const lookAtAll = () => {
    for (const { values } of groups.values()) for (const value of values) void value.look();
  };
  const pubSub = createPubSub({ ...connecting, clock: link.clock }, groups, lookAtAll);
  link.onReset(() => {
    if (!link.isLost) pubSub.reopen();
    lookAtAll();
  });

  const openGroup = (accountName: string, channel: string): Group => {
    const values = new Set<FollowedInRedis>();
    const receive = (message: Buffer) => {
      const [about = '', word = ''] = String(message).split(' ');
      if (about !== channel) for (const value of values) if (value.place === about) value.hear(word);
      if (about === channel && word !== link.me) for (const listener of listeners) listener(accountName);
    };
    const group = { channel, values, receive };
    groups.set(channel, group);
    pubSub.add(channel);
    return group;
  };

  const forget = ({ channel }: Group) => {
    groups.delete(channel);
    pubSub.remove(channel);
    if (groups.size > 0) return;
    stopLooking?.();
    stopLooking = undefined;
  };

  return {
    follow(accountName, name, follower) {
      const account = accounts.of(accountName);
      const channel = account.place('live');
      const group = groups.get(channel) ?? openGroup(accountName, channel);
      const value: FollowedInRedis = followInRedis(link, account, name, channel, follower, () => {
        group.values.delete(value);
        if (group.values.size === 0) forget(group);
      });
      group.values.add(value);
      stopLooking ??= every(link.clock, LOOK_MS, lookAtAll);
      // The caller receives the value first.
      void endOfTurn(link.clock).then(value.look);
      return value;
    },
    broadcast(accountName) {
      const channel = accounts.of(accountName).place('live');
      link.send('PUBLISH', channel, `${channel} ${link.me}`).catch(() => undefined);
    },
    onMessage: (receive) => void listeners.push(receive),
    async close() {
      const all = [...groups.values()].flatMap(({ values }) => [...values]);
      await Promise.all(all.map((value) => value.leave()));
      pubSub.close();
    },
  };
}

type FollowedInRedis = ReturnType<typeof followInRedis>;

/** Follows a value in Redis. While Redis is lost, the follower leads alone. */
function followInRedis(
  link: RedisLink,
  account: AccountKeyspace,
  name: string,
  channel: string,
  follower: ValueFollower,
  onGone: () => void,
) {
  const { encryption } = account;
  const value = `live-${encryption.name(name)}`;
  const lease = `lease-${value}`;
  const names = [value, lease];
  const place = account.place(value);
  const holder = link.nextName();
  let role: 'none' | 'leads' | 'alone' | 'gone' = 'none';
  let version = '';
  /** Counts the values that this process has found. */
  let finds = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Looks and stores come one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  let nextLook: Promise<void> | undefined;

  const inOrder = <T>(action: () => Promise<T>): Promise<T> => {
    const result = last.then(action);
    last = result.catch(() => undefined);
    return result;
  };
  const publish = (text: string) => {
    link.send('PUBLISH', channel, `${place} ${text}`).catch(() => undefined);
  };
  const become = (next: typeof role) => {
    const before = role;
    role = next;
    const leads = next === 'leads' || next === 'alone';
    // A process that is alone, or no longer alone, polls anew.
    if (leads && before !== next) follower.lead();
    if (!leads && (before === 'leads' || before === 'alone')) follower.yield();
  };

  const lookNow = async () => {
    nextLook = undefined;
    if (role === 'gone') return;
    if (link.isLost) return become('alone');
    if (role === 'alone') {
      version = '';
      follower.rejoin();
    }
    const askedAt = link.now();
    try {
      const reply = await account.run(LOOK, names, [version, holder, POLL_LEASE_MS]);
      if (isGone()) return void (await release());
      const [hasLease, isCurrent, newVersion, ageThenMs, sealed] = reply as View;
      lookedAt = askedAt;
      if (sealed.length > 0) {
        finds += 1;
        const text = encryption.open(sealed, `${place} ${newVersion}`);
        const found = text === undefined ? undefined : parsedObject(text);
        // The age counts from the look: after a stall the reply is old.
        const ageMs = ageThenMs + link.now() - askedAt;
        const isRead = found !== undefined && follower.found(found, ageMs, isCurrent === 1);
        if (text !== undefined && !isRead) link.rejected('live');
      }
      version = String(newVersion);
      become(hasLease === 1 ? 'leads' : 'none');
    } catch {
      if (!isGone() && link.isLost) become('alone');
    }
  };
  const isGone = () => role === 'gone';
  const look = (): Promise<void> => {
    nextLook ??= inOrder(lookNow);
    return nextLook;
  };
  const release = () => account.run(RELEASE, [lease], [holder]).then(() => publish(''));

  return {
    place,
    look,
    /** Takes a message: the version of the value, or nothing if the lease is free. */
    hear(text: string) {
      if (text !== version) void look();
    },
    async store(stored: object, ageMs: number): Promise<boolean> {
      if (role === 'alone') return true;
      const findsBefore = finds;
      return inOrder(async () => {
        // Another process may have stored a later value while this process stood still.
        if (role !== 'leads' || finds > findsBefore) return role === 'alone';
        const next = link.nextName();
        const sealed = encryption.seal(JSON.stringify(stored), `${place} ${next}`);
        try {
          const args = [next, holder, POLL_LEASE_MS, Math.ceil(ageMs), sealed];
          const [isStored] = await account.run(STORE, names, args);
          if (isStored === 1) {
            version = next;
            publish(next);
            return !isGone();
          }
          if (!isGone()) become('none');
          void look();
        } catch {
          if (!isGone()) become('alone');
        }
        return false;
      });
    },
    refresh() {
      // A process that stood still may have lost the lease.
      const isSure = role === 'alone' || (role === 'leads' && link.now() - lookedAt < POLL_LEASE_MS / 2);
      return isSure ? undefined : look();
    },
    /** The returned Promise resolves when Redis has heard of it. */
    async leave(): Promise<void> {
      const mayHold = role !== 'alone';
      if (isGone()) return;
      role = 'gone';
      onGone();
      if (mayHold) await inOrder(release).catch(() => undefined);
    },
  };
}
