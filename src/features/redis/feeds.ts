import type { FeedMember, Feeds } from '../../state/port.ts';
import { endOfTurn, every } from '../../transport/clock.ts';
import { lua } from './client.ts';
import {
  ANY_EPOCH,
  type FeedView,
  KEEP_FEED,
  LEADER_CHANGED,
  type RedisFeedSubscription,
  subscribeToFeed,
} from './feed-subscription.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { IS_HELD } from './membership.ts';
import { createPubSub, type PubSubOptions } from './pub-sub.ts';

/** A heartbeat reads at most `MAX_ENTRIES` of a feed. After `MAX_BYTES` it reads no further feeds. */
const MAX_ENTRIES = 20;
const MAX_BYTES = 1024 * 1024;

/**
 * Sends a heartbeat of a process for several feeds. The keys end with each feed and its log. Each feed has five arguments:
 * 1. The name under which the process would hold the leader's lease.
 * 2. The name of the feed's next epoch, if it begins one.
 * 3. The epoch to end ("*": any).
 * 4. The epoch that the process reads.
 * 5. The number of the last entry that the process has read in this epoch.
 *
 * Takes each free lease if the process can hold a lease. Replies for each feed:
 * 1. Its epoch.
 * 2. Whether the process leads.
 * 3. The number of the last entry.
 * 4. Whether the log has a whole entry to begin with.
 * 5. The number of the first entry to read. In another epoch, this is where later subscribers begin.
 * 6. The entries from this number on, each with its id.
 */
const BEAT_FEEDS = lua('instances channel', '')`${KEEP_FEED}${IS_HELD}
local replies, bytes = {}, 0
for index = 3, #KEYS, 2 do
  local feed, log, at = KEYS[index], KEYS[index + 1], 1 + (index - 3) / 2 * 5
  local holder, reset = ARGV[at], ARGV[at + 2]
  local found = redis.call('HMGET', feed, 'epoch', 'leader', 'seq', 'whole', 'from')
  if not found[1] or reset == '${ANY_EPOCH}' or reset == found[1] then
    redis.call('DEL', feed, log)
    redis.call('HSET', feed, 'epoch', ARGV[at + 1], 'seq', 0)
    found = { ARGV[at + 1], false, 0, false, false }
  end
  if found[2] ~= holder and not is_held(found[2]) and is_held(holder) then
    redis.call('HSET', feed, 'leader', holder)
    found[2] = holder
    redis.pcall('PUBLISH', channel, feed .. ' ${LEADER_CHANGED}')
  end
  keep(feed)
  keep(log)
  local start = found[1] == ARGV[at + 3] and ARGV[at + 4] + 1 or tonumber(found[5] or 1)
  local entries = false
  if bytes < ${MAX_BYTES} then
    entries = redis.call('XRANGE', log, string.format('%d-0', start), '+', 'COUNT', ${MAX_ENTRIES})
    for _, entry in ipairs(entries) do bytes = bytes + #entry[2][2] end
  end
  local is_leader, has_whole = found[2] == holder and 1 or 0, found[4] and 1 or 0
  replies[#replies + 1] = { found[1], is_leader, tonumber(found[3]), has_whole, start, entries }
end
return replies`;

const PUBLISH = lua('channel', 'message')`redis.pcall('PUBLISH', channel, message) return 0`;

/** Heartbeats look for leaders and unread entries this often, in ms. With the lease, this limits the time without a leader. */
const HEARTBEAT_MS = 800;
/** Limits how long one command blocks Redis. */
const MAX_IN_HEARTBEAT = 50;

interface Group {
  /** All messages of the account arrive on this channel. */
  readonly channel: string;
  readonly subscriptions: Set<RedisFeedSubscription>;
  /** The subscriptions that need a heartbeat at once. */
  readonly due: Set<RedisFeedSubscription>;
  isBeating: boolean;
  /**
   * Takes a message: a key, a space and a body. With a feed's key, the body is the number of its last entry, or
   * `LEADER_CHANGED`. With the channel's key, the body is a sealed broadcast.
   */
  receive(message: Buffer): void;
}

interface Broadcast {
  readonly from: string;
  readonly message: object;
}

/**
 * Feeds that all processes share. One script checks the leader and adds the entry to a stream. A message then makes the other
 * processes read on. A process that misses a message catches up at its next heartbeat, which covers all feeds of an account.
 */
export function createFeedsInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  connecting: Pick<PubSubOptions, 'createClient' | 'readUrl'>,
) {
  const { membership } = link;
  /** Groups by channel. */
  const groups = new Map<string, Group>();
  const listeners: Parameters<Feeds['onMessage']>[0][] = [];
  let stopBeating: (() => void) | undefined;

  const deliver = (account: string, message: object) => {
    for (const receive of listeners) receive(account, message);
  };

  /** Sends one heartbeat for all feeds that become due in one turn, or during the previous heartbeat. */
  const beat = async (group: Group, subscriptions: Iterable<RedisFeedSubscription>) => {
    const { due, channel } = group;
    for (const subscription of subscriptions) due.add(subscription);
    if (group.isBeating) return;
    group.isBeating = true;
    // Gives the subscription to the caller of `join` first.
    await endOfTurn(link.clock);
    while (due.size > 0) {
      const next = [...due].slice(0, MAX_IN_HEARTBEAT);
      for (const subscription of next) due.delete(subscription);
      const beats = next.map((subscription) => subscription.heartbeat());
      const keys = [membership.instances, channel, ...beats.flatMap((one) => one.keys)];
      const args = beats.flatMap((one) => one.args);
      try {
        // While degraded, takes no lease: other processes would wait for a leader that does not read the store.
        const views = link.isDegraded ? [] : ((await link.run(BEAT_FEEDS, keys, args)) as FeedView[]);
        for (const [index, view] of views.entries()) beats[index]?.answered(view);
      } catch {
        // Redis is lost: the subscriptions degrade below.
      }
      if (link.isDegraded) for (const subscription of next) subscription.degrade();
    }
    group.isBeating = false;
  };
  const beatAll = () => {
    for (const group of groups.values()) void beat(group, group.subscriptions);
  };
  const pubSub = createPubSub({ ...connecting, clock: link.clock }, groups, beatAll);

  const openGroup = (accountName: string, account: AccountKeyspace, channel: string): Group => {
    const subscriptions = new Set<RedisFeedSubscription>();
    const receive = (message: Buffer) => {
      const aboutEnd = message.indexOf(' ');
      const about = message.toString('utf8', 0, aboutEnd);
      const body = message.subarray(aboutEnd + 1);
      if (about !== channel) {
        for (const one of subscriptions) if (one.feed === about) one.receive(String(body));
        return;
      }
      const text = account.encryption.open(body, channel);
      const sent = text === undefined ? undefined : (JSON.parse(text) as Broadcast);
      if (sent && sent.from !== membership.instance) deliver(accountName, sent.message);
    };
    const group = {
      channel,
      subscriptions,
      due: new Set<RedisFeedSubscription>(),
      isBeating: false,
      receive,
    };
    groups.set(channel, group);
    pubSub.add(channel);
    return group;
  };

  const forget = (channel: string) => {
    groups.delete(channel);
    pubSub.remove(channel);
    if (groups.size > 0) return;
    stopBeating?.();
    stopBeating = undefined;
  };

  /** Called when Redis is lost or back. */
  const changed = () => {
    link.whenChanged(changed);
    if (!link.isDegraded) pubSub.reopen();
    for (const { subscriptions } of groups.values())
      for (const one of subscriptions) {
        if (link.isDegraded) one.degrade();
        else one.recover();
      }
  };
  link.whenChanged(changed);

  return {
    join(accountName: string, name: string, member: FeedMember) {
      const account = accounts.of(accountName);
      const channel = account.key('feeds');
      const group = groups.get(channel) ?? openGroup(accountName, account, channel);
      const subscription: RedisFeedSubscription = subscribeToFeed({
        link,
        account,
        name: account.encryption.name(name),
        channel,
        member,
        onDue: () => void beat(group, [subscription]),
        onGone() {
          group.subscriptions.delete(subscription);
          group.due.delete(subscription);
          if (group.subscriptions.size === 0) forget(channel);
        },
      });
      group.subscriptions.add(subscription);
      stopBeating ??= every(link.clock, HEARTBEAT_MS, beatAll);
      void beat(group, [subscription]);
      return subscription;
    },
    broadcast(accountName: string, message: object) {
      deliver(accountName, message);
      const account = accounts.of(accountName);
      const channel = account.key('feeds');
      const sent: Broadcast = { from: membership.instance, message };
      const sealed = account.encryption.seal(JSON.stringify(sent), channel);
      const envelope = Buffer.concat([Buffer.from(`${channel} `), sealed]);
      link.run(PUBLISH, [channel], [envelope]).catch(() => undefined);
    },
    onMessage(receive: (account: string, message: object) => void) {
      listeners.push(receive);
    },
    close() {
      for (const { subscriptions } of groups.values())
        for (const subscription of subscriptions) subscription.leave();
      pubSub.close();
    },
  };
}
