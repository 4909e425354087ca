import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { createStateInMemory } from '../../../src/state/memory.ts';
import type { State } from '../../../src/state/port.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { joinFeed, type WatchedMember } from '../../support/redis/feed-member.ts';
import { describeWithEachEngine, type RedisServer, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const leads = (member: WatchedMember) => eventually(() => expect(member.isLeading).toBe(true));
const has = (member: WatchedMember, ...entries: object[]) =>
  eventually(() => expect(member.received).toEqual(entries));

const INSTANCES = 'luaauth:{gateways}:instances';

/** Has an instance have beaten last an hour from now. */
const BEAT_LATER = `
local time = redis.call('TIME')
local entry = redis.call('HGET', KEYS[1], ARGV[1])
return redis.call('HSET', KEYS[1], ARGV[1], time[1] * 1000 + 3600000 .. string.match(entry, ' .*'))`;

/** The promises of feeds, wherever they are. */
function contract(open: () => Promise<State>): void {
  it('have a member lead, not before it has its subscription, and give it what it publishes, in order', async () => {
    const { feeds } = await open();
    const member = joinFeed(feeds);
    expect(member.roles).toEqual([]);
    await leads(member);
    for (const n of [1, 2, 3]) member.subscription.publish({ n }, n === 1 ? 'whole' : 'part');
    await has(member, { n: 1 }, { n: 2 }, { n: 3 });
    expect(member.latest.at(-1)).toEqual({ n: 3 });
    member.subscription.leave();
  });

  it('tell a member that has left nothing more', async () => {
    const { feeds } = await open();
    const [gone, early] = [joinFeed(feeds), joinFeed(feeds, 'account', 'other')];
    early.subscription.leave();
    await leads(gone);
    gone.subscription.publish({ n: 1 }, 'whole');
    await has(gone, { n: 1 });
    gone.subscription.leave();
    gone.subscription.publish({ n: 2 }, 'part');
    gone.subscription.leave();
    await delay(100);
    expect([gone.received, early.roles]).toEqual([[{ n: 1 }], []]);
  });

  it('hand a broadcast to those that listen, under its account', async () => {
    const { feeds } = await open();
    const heard: unknown[] = [];
    feeds.onMessage((account, message) => heard.push([account, message]));
    feeds.broadcast('account', { n: 1 });
    expect(heard).toEqual([['account', { n: 1 }]]);
  });
}

describe('feeds in memory', () => {
  contract(async () => createStateInMemory({ now: () => performance.now() }));
});

describeWithEachEngine('feeds in Redis', (engine) => {
  const closing: (() => Promise<unknown>)[] = [];
  const kept = useRedis(engine);
  let redis: RedisServer;

  beforeEach(() => {
    redis = kept.server;
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** A process of the gateway, as far as Redis sees it. */
  async function open(url = redis.url, commandTimeoutMs = 5_000, now?: () => number): Promise<State> {
    const state = await openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs, now });
    closing.push(async () => state.close?.());
    return state;
  }

  const keyOf = async (end: string) =>
    ((await redis.command('KEYS', `*${end}`)) as string[]).filter((key) => key.includes(':feed-'));
  const feedKey = async () => (await keyOf('')).find((key) => !key.endsWith('-log')) as string;

  /** A leader that has published those numbers, the first of them as a whole. */
  async function leaderOf(...numbers: number[]): Promise<WatchedMember> {
    const leader = joinFeed((await open()).feeds);
    await leads(leader);
    for (const n of numbers) leader.subscription.publish({ n }, n === numbers[0] ? 'whole' : 'part');
    await has(leader, ...numbers.map((n) => ({ n })));
    return leader;
  }

  /** The one of the two that leads after the feed was reset once more. */
  async function ledAfterReset(...members: readonly [WatchedMember, WatchedMember]): Promise<WatchedMember> {
    const resets = () => members.flatMap(({ roles }) => roles).filter((role) => role === 'lead reset').length;
    const leading = () => members.filter(({ isLeading }) => isLeading);
    await eventually(() => expect([resets(), leading().length]).toEqual([2, 1]));
    return leading()[0] as WatchedMember;
  }

  contract(() => open());

  it('have one member lead, and the next at once when it leaves, which has received all', async () => {
    const leader = await leaderOf(1, 2);
    const others = [joinFeed((await open()).feeds), joinFeed((await open()).feeds)];
    for (const other of others) await has(other, { n: 1 }, { n: 2 });
    expect(others.map(({ roles }) => roles)).toEqual([[], []]);
    for (const n of [3, 4, 5]) leader.subscription.publish({ n }, 'part');
    await has(leader, ...[1, 2, 3, 4, 5].map((n) => ({ n })));
    leader.subscription.leave();
    await eventually(() => expect(others.some(({ isLeading }) => isLeading)).toBe(true));
    const next = others.find(({ isLeading }) => isLeading) as WatchedMember;
    expect([next.roles, next.knownAtLead]).toEqual([['lead'], 5]);
    next.subscription.publish({ n: 6 }, 'part');
    for (const other of others) await has(other, ...[1, 2, 3, 4, 5, 6].map((n) => ({ n })));
    expect(others.map(({ roles }) => roles).sort()).toEqual([[], ['lead']]);
  });

  it('keep no subscription for a process that has ended without a word, for longer than its lease', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const dead = joinFeed((await open(proxy.url, 60_000)).feeds);
    await leads(dead);
    dead.subscription.publish({ n: 1 }, 'whole');
    await has(dead, { n: 1 });
    const other = joinFeed((await open()).feeds);
    await has(other, { n: 1 });
    proxy.cut();
    await leads(other);
    expect([other.roles, other.knownAtLead]).toEqual([['lead'], 1]);
    proxy.mend();
  });

  it('keep none for a process that ended before the clock of Redis was set back by an hour', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const dead = joinFeed((await open(proxy.url, 60_000)).feeds);
    await leads(dead);
    proxy.cut();
    const holder = String(await redis.command('HGET', await feedKey(), 'leader'));
    await redis.command('EVAL', BEAT_LATER, '1', INSTANCES, holder.split('.')[0] ?? '');
    await leads(joinFeed((await open()).feeds));
    proxy.mend();
  });

  it('keep no subscription for a process that has reached Redis again, and does not use it yet', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    let stoppedAt: number | undefined;
    const now = () => stoppedAt ?? performance.now();
    const apart = await open(proxy.url, 5_000, now);
    await leads(joinFeed(apart.feeds));
    proxy.sever();
    await eventually(() => expect(apart.coordination?.partition).toBe(1));
    // It never has answered well for long enough.
    stoppedAt = performance.now();
    proxy.mend();
    const isBack = `return string.match(redis.call('HGET', KEYS[1], ARGV[1]), '^%d+ (%d)')`;
    const [instance = ''] = (await redis.command('HKEYS', INSTANCES)) as string[];
    await eventually(async () =>
      expect(await redis.command('EVAL', isBack, '1', INSTANCES, instance)).toBe('1'),
    );
    await leads(joinFeed(apart.feeds));
    await leads(joinFeed((await open()).feeds));
    expect(apart.coordination?.partition).toBe(1);
  });

  it('give who joins the entries from a whole one on, and says which is the latest', async () => {
    const leader = await leaderOf(1, 2);
    for (const n of [3, 5]) {
      leader.subscription.publish({ n }, 'whole');
      leader.subscription.publish({ n: n + 1 }, 'part');
    }
    await has(leader, ...[1, 2, 3, 4, 5, 6].map((n) => ({ n })));
    const joined = joinFeed((await open()).feeds);
    // From the whole one before the last: what has changed in between is known as well.
    await has(joined, ...[3, 4, 5, 6].map((n) => ({ n })));
    expect(joined.latest).toEqual([{ n: 6 }]);
  });

  it('give who joins nothing of what the last entry has ended', async () => {
    const leader = await leaderOf(1, 2);
    const other = joinFeed((await open()).feeds);
    await has(other, { n: 1 }, { n: 2 });
    leader.subscription.publish({ n: 3 }, 'last');
    await has(other, { n: 1 }, { n: 2 }, { n: 3 });
    for (const one of [leader, other]) one.subscription.leave();
    const joined = joinFeed((await open()).feeds);
    await leads(joined);
    expect([joined.received, joined.roles]).toEqual([[], ['lead reset']]);
  });

  it('give who joins within a minute after the last one has left what is known, as nothing that is current', async () => {
    const leader = await leaderOf(1, 2);
    leader.subscription.leave();
    const joined = joinFeed((await open()).feeds);
    await leads(joined);
    expect([joined.received, joined.latest, joined.roles]).toEqual([[{ n: 1 }, { n: 2 }], [], ['lead']]);
    for (const key of await keyOf('')) {
      const leftMs = Number(await redis.command('PTTL', key));
      expect(leftMs > 55_000 && leftMs <= 75_000).toBe(true);
    }
  });

  it('have one that stood still begin again with a whole entry, and are not reset for the others', async () => {
    const leader = await leaderOf(1);
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const late = joinFeed((await open(proxy.url, 60_000)).feeds);
    await has(late, { n: 1 });
    proxy.hold();
    // Its heartbeats, that of the process and that of the feed, are answered before there is news.
    await eventually(() => expect(proxy.held()).toBe(2));
    for (const n of [2, 3, 4]) leader.subscription.publish({ n }, 'whole');
    await has(leader, ...[1, 2, 3, 4].map((n) => ({ n })));
    proxy.release();
    await has(late, { n: 1 }, { n: 3 }, { n: 4 });
    leader.subscription.publish({ n: 5 }, 'part');
    await has(late, { n: 1 }, { n: 3 }, { n: 4 }, { n: 5 });
    expect([leader.roles, late.roles]).toEqual([['lead reset'], []]);
  });

  it('drop what is published by a former leader, and say so', async () => {
    const leader = await leaderOf(1);
    const other = joinFeed((await open()).feeds);
    await has(other, { n: 1 });
    const instances = async () => (await redis.command('HKEYS', INSTANCES)) as string[];
    const known = await instances();
    const third = await open();
    const [somebody] = (await instances()).filter((name) => !known.includes(name));
    await redis.command('HSET', await feedKey(), 'leader', `${somebody}.0.1`);
    leader.subscription.publish({ n: 2 }, 'part');
    await eventually(() => expect(leader.roles).toEqual(['lead reset', 'follow']));
    await third.close?.();
    const next = () => [leader, other].find(({ isLeading }) => isLeading);
    await eventually(() => expect(next()).toBeDefined());
    next()?.subscription.publish({ n: 3 }, 'part');
    for (const one of [leader, other]) await has(one, { n: 1 }, { n: 3 });
  });

  it('keep the order, and give everything once, while members come and go', async () => {
    const states = [await open(), await open(), await open()];
    const all: WatchedMember[] = [];
    const join = (index: number) => {
      const member = joinFeed((states[index % 3] as State).feeds);
      all.push(member);
      return member;
    };
    const present = [join(0), join(1), join(2)];
    const witness = joinFeed((await open()).feeds);
    let n = 0;
    for (let round = 0; round < 12; round += 1) {
      await eventually(() =>
        expect([...present, witness].filter(({ isLeading }) => isLeading)).toHaveLength(1),
      );
      const leader = [...present, witness].find(({ isLeading }) => isLeading) as WatchedMember;
      for (let count = 0; count < 5; count += 1) {
        n += 1;
        leader.subscription.publish({ n }, n === 1 || n % 7 === 0 ? 'whole' : 'part');
      }
      await eventually(() => expect(leader.received.at(-1)).toEqual({ n }));
      if (leader === witness) continue;
      present.splice(present.indexOf(leader), 1);
      leader.subscription.leave();
      present.push(join(round));
    }
    await eventually(() => expect(witness.received.at(-1)).toEqual({ n }));
    expect(witness.received).toEqual(Array.from({ length: n }, (_one, index) => ({ n: index + 1 })));
    for (const { received } of all) {
      const numbers = received.map((entry) => (entry as { n: number }).n);
      expect(numbers).toEqual(numbers.map((_one, index) => (numbers[0] as number) + index));
    }
  });

  it('bound what a feed may take, and are reset then', async () => {
    const leader = await leaderOf(1);
    const text = 'x'.repeat(100);
    for (let n = 2; n <= 1_100; n += 1) leader.subscription.publish({ n, text }, 'part');
    await eventually(() => expect(leader.received).toHaveLength(1_100));
    const logged = Number(await redis.command('XLEN', (await keyOf('-log'))[0] as string));
    expect(logged).toBeLessThan(1_025);
    expect(leader.roles).toEqual(['lead reset', 'lead reset']);
    leader.subscription.publish({ n: 0 }, 'whole');
    const joined = joinFeed((await open()).feeds);
    await eventually(() => expect(joined.received.at(-1)).toEqual({ n: 0 }));
  });

  it('hand a broadcast to every process that takes part in a feed of the account, and to no other', async () => {
    const listen = async (account: string) => {
      const { feeds } = await open();
      const all: unknown[] = [];
      feeds.onMessage((name, message) => all.push([name, message]));
      await eventually(() => expect(all.length).toBe(0));
      const member = joinFeed(feeds, account);
      await eventually(() => expect(member.isLeading || member.roles.length === 0).toBe(true));
      return all;
    };
    const here = [await listen('account'), await listen('account')];
    const elsewhere = await listen('another');
    const { feeds } = await open();
    // A channel may not be there yet: what is sent before is lost.
    await eventually(() => {
      feeds.broadcast('account', { n: 1 });
      for (const one of here) expect(one).toContainEqual(['account', { n: 1 }]);
    });
    expect(elsewhere).toEqual([]);
  });

  it('go on where notices are lost, and when an entry was changed by hand', async () => {
    const leader = await leaderOf(1);
    const other = joinFeed((await open()).feeds);
    await has(other, { n: 1 });
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    leader.subscription.publish({ n: 2 }, 'part');
    await has(other, { n: 1 }, { n: 2 });
    const [log] = (await keyOf('-log')) as [string];
    // At once: whoever reads in between would reset the feed for each of the two.
    const change =
      "redis.call('XADD', KEYS[1], '3-0', 'entry', 'made up') redis.call('HSET', KEYS[2], 'seq', 3)";
    await redis.command('EVAL', change, '2', log, await feedKey());
    const next = await ledAfterReset(leader, other);
    next.subscription.publish({ n: 4 }, 'whole');
    for (const one of [leader, other]) await has(one, { n: 1 }, { n: 2 }, { n: 4 });
  });

  it('are reset where an entry of before stands where another one was', async () => {
    const leader = await leaderOf(1);
    const [log] = (await keyOf('-log')) as [string];
    const [first] = (await redis.bytes('XRANGE', log, '-', '+')) as unknown as [Buffer, Buffer[]][];
    const old = first?.[1][1] as Buffer;
    await redis.command('FLUSHALL');
    const resets = (...members: WatchedMember[]) =>
      members.flatMap(({ roles }) => roles).filter((role) => role === 'lead reset');
    await eventually(() => expect(resets(leader)).toHaveLength(2));
    leader.subscription.publish({ n: 2 }, 'whole');
    await has(leader, { n: 1 }, { n: 2 });
    await redis.command('DEL', log);
    await redis.bytes('XADD', log, '1-0', 'entry', old);
    const other = joinFeed((await open()).feeds);
    await eventually(() => expect(resets(leader, other)).toHaveLength(3));
    expect(other.received).toEqual([]);
  });

  it('let each process lead for itself while Redis is lost, and are reset when it is back', async () => {
    const states = [await open(), await open()];
    const members = states.map(({ feeds }) => joinFeed(feeds)) as [WatchedMember, WatchedMember];
    await eventually(() => expect(members.some(({ isLeading }) => isLeading)).toBe(true));
    const leader = members.find(({ isLeading }) => isLeading) as WatchedMember;
    leader.subscription.publish({ n: 1 }, 'whole');
    for (const member of members) await has(member, { n: 1 });
    await redis.stop();
    await eventually(() => expect(states.map(({ coordination }) => coordination?.partition)).toEqual([1, 1]));
    expect(members.map(({ roles }) => roles.at(-1))).toEqual(Array(2).fill('lead reset'));
    for (const [index, { subscription }] of members.entries())
      subscription.publish({ degraded: index }, 'whole');
    expect(members.map(({ received }) => received)).toEqual([
      [{ n: 1 }, { degraded: 0 }],
      [{ n: 1 }, { degraded: 1 }],
    ]);
    const late = joinFeed((states[0] as State).feeds);
    await leads(late);
    late.subscription.leave();
    const before = members.map(({ roles }) => roles.length);
    await redis.start();
    await eventually(() => expect(states.map(({ coordination }) => coordination?.partition)).toEqual([0, 0]));
    // Each has heard since that Redis is back.
    await eventually(() =>
      expect(members.every(({ roles }, at) => roles.length > (before[at] ?? 0))).toBe(true),
    );
    await eventually(() => expect(members.filter(({ isLeading }) => isLeading)).toHaveLength(1));
    const next = members.find(({ isLeading }) => isLeading) as WatchedMember;
    next.subscription.publish({ n: 2 }, 'whole');
    next.subscription.publish({ n: 3 }, 'part');
    await has(members[0], { n: 1 }, { degraded: 0 }, { n: 2 }, { n: 3 });
    await has(members[1], { n: 1 }, { degraded: 1 }, { n: 2 }, { n: 3 });
  });

  it('are reset after FLUSHALL, by one of the members', async () => {
    const leader = await leaderOf(1, 2);
    const other = joinFeed((await open()).feeds);
    await has(other, { n: 1 }, { n: 2 });
    await redis.command('FLUSHALL');
    leader.subscription.publish({ n: 3 }, 'part');
    const next = await ledAfterReset(leader, other);
    next.subscription.publish({ n: 4 }, 'whole');
    for (const one of [leader, other]) await has(one, { n: 1 }, { n: 2 }, { n: 4 });
  });
});
