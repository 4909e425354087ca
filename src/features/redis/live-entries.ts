import type { EntryFollower, FollowedEntry, LiveEntries } from '../../state/port.ts';
import { endOfTurn, every } from '../../transport/clock.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { type FollowedEntryInRedis, followEntryInRedis } from './live-entry.ts';
import { type EntryView, LOOK } from './live-look.ts';
import { createPubSub, type PubSubOptions } from './pub-sub.ts';
import { parsedObject } from './record-store.ts';

/**
 * How often a process looks at the entries that it follows, in ms. With the lease, this limits the time in which no process
 * keeps an entry up to date.
 */
const LOOK_MS = 1_000;
/** The most entries of one look. Limits how long a command blocks Redis. */
const MAX_IN_LOOK = 50;

/** The entries of an account that this process follows. */
interface Group {
  /** All messages of the account arrive on this channel. */
  readonly channel: string;
  readonly entries: Set<FollowedEntryInRedis>;
  /** The entries that need a look at once. */
  readonly due: Set<FollowedEntryInRedis>;
  isLooking: boolean;
  /**
   * Takes a message: a key, a space and a body. With the key of an entry, the body is its stamp. With the channel's key, the
   * body is a sealed broadcast.
   */
  receive(message: Buffer): void;
}

interface Broadcast {
  readonly from: string;
  readonly message: object;
}

/**
 * Entries that all processes share. A message says that an entry has changed, and the other processes look at it. A process
 * that misses the message looks a little later: one look covers all entries of an account, and costs bytes if none has changed.
 */
export function createLiveEntriesInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  connecting: Pick<PubSubOptions, 'createClient' | 'readUrl'>,
): LiveEntries & { close(): Promise<void> } {
  const { membership } = link;
  /** Groups by channel. */
  const groups = new Map<string, Group>();
  const listeners: Parameters<LiveEntries['onMessage']>[0][] = [];
  let stopLooking: (() => void) | undefined;

  /** Looks at all entries that become due in one turn, or during the previous look. */
  const look = async (group: Group, entries: Iterable<FollowedEntryInRedis>) => {
    const { due } = group;
    for (const entry of entries) due.add(entry);
    if (group.isLooking) return;
    group.isLooking = true;
    // Gives the entry to the caller of `follow` first.
    await endOfTurn(link.clock);
    while (due.size > 0) {
      const next = [...due].slice(0, MAX_IN_LOOK);
      for (const entry of next) due.delete(entry);
      const looks = next.map((entry) => entry.look());
      const keys = next.map((entry) => entry.key);
      const args = looks.flatMap((one) => one.args);
      try {
        // While degraded, takes no lease: other processes would wait for a process that does not read the store.
        const views = link.isDegraded ? [] : ((await link.run(LOOK, keys, args)) as EntryView[]);
        for (const [index, view] of views.entries()) looks[index]?.answered(view);
      } catch {
        // Redis is lost: the entries degrade below.
      }
      if (link.isDegraded) for (const entry of next) entry.degrade();
    }
    group.isLooking = false;
  };
  const lookAtAll = () => {
    for (const group of groups.values()) void look(group, group.entries);
  };
  const pubSub = createPubSub({ ...connecting, clock: link.clock }, groups, lookAtAll);

  const openGroup = (accountName: string, account: AccountKeyspace, channel: string): Group => {
    const entries = new Set<FollowedEntryInRedis>();
    const receive = (message: Buffer) => {
      const aboutEnd = message.indexOf(' ');
      const about = message.toString('utf8', 0, aboutEnd);
      const body = message.subarray(aboutEnd + 1);
      if (about !== channel) {
        for (const one of entries) if (one.key === about) one.receive(String(body));
        return;
      }
      const text = account.encryption.open(body, channel);
      if (text === undefined) return;
      const { from, message: said }: Partial<Broadcast> = parsedObject(text) ?? {};
      if (typeof said !== 'object' || said === null) return link.rejected('live');
      if (from !== membership.instance) for (const listener of listeners) listener(accountName, said);
    };
    const group = { channel, entries, due: new Set<FollowedEntryInRedis>(), isLooking: false, receive };
    groups.set(channel, group);
    pubSub.add(channel);
    return group;
  };

  const forget = (channel: string) => {
    groups.delete(channel);
    pubSub.remove(channel);
    if (groups.size > 0) return;
    stopLooking?.();
    stopLooking = undefined;
  };

  /** Called when Redis is lost or back. */
  const changed = () => {
    link.whenChanged(changed);
    if (!link.isDegraded) pubSub.reopen();
    for (const { entries } of groups.values())
      for (const one of entries) {
        if (link.isDegraded) one.degrade();
        else one.recover();
      }
  };
  link.whenChanged(changed);

  return {
    follow(accountName: string, name: string, follower: EntryFollower): FollowedEntry {
      const account = accounts.of(accountName);
      const channel = account.key('live');
      const group = groups.get(channel) ?? openGroup(accountName, account, channel);
      const entry: FollowedEntryInRedis = followEntryInRedis({
        link,
        account,
        name: account.encryption.name(name),
        channel,
        follower,
        onDue: () => void look(group, [entry]),
        onGone() {
          group.entries.delete(entry);
          group.due.delete(entry);
          if (group.entries.size === 0) forget(channel);
        },
      });
      group.entries.add(entry);
      stopLooking ??= every(link.clock, LOOK_MS, lookAtAll);
      void look(group, [entry]);
      return entry;
    },
    broadcast(accountName: string, message: object) {
      const account = accounts.of(accountName);
      const channel = account.key('live');
      const sent: Broadcast = { from: membership.instance, message };
      const sealed = account.encryption.seal(JSON.stringify(sent), channel);
      const envelope = Buffer.concat([Buffer.from(`${channel} `), sealed]);
      link.send('PUBLISH', channel, envelope).catch(() => undefined);
    },
    onMessage(receive: (account: string, message: object) => void) {
      listeners.push(receive);
    },
    async close() {
      const all = [...groups.values()].flatMap(({ entries }) => [...entries]);
      await Promise.all(all.map((entry) => entry.leave()));
      pubSub.close();
    },
  };
}
