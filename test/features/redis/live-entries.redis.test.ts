import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import type { RedisStateOptions } from '../../../src/server/features.ts';
import type { State } from '../../../src/state/port.ts';
import { backgroundClock, type Clock } from '../../../src/transport/clock.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { followEntry, type TestFollower } from '../../support/redis/entry-follower.ts';
import { describeWithEachEngine, type RedisServer, useRedis } from '../../support/redis/redis.ts';
import { useStates } from '../../support/redis/states.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const leads = (follower: TestFollower) => eventually(() => expect(follower.isLeading).toBe(true));
const knows = (follower: TestFollower, ...ids: string[]) =>
  eventually(() => expect(follower.ids()).toEqual(ids));

const noJson = (location: string) => createEncryption('account').seal('{', location);

const INSTANCES = 'luaauth:{gateways}:instances';

const BEATS = 'luaauth:{gateways}:beats';

/** Sets the last beat of a session to an hour from now. */
const BEAT_LATER = `
local time = redis.call('TIME')
return redis.call('ZADD', KEYS[1], time[1] * 1000 + 3600000, ARGV[1])`;

/** Takes a lease as a process does, with the version and the time of the change. */
const TAKE_LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('HSET', KEYS[1], 'leader', ARGV[1], 'version', ARGV[2], 'at', now)`;

describeWithEachEngine('live entries in Redis', (engine) => {
  const kept = useRedis(engine);
  const { open: openState, closing } = useStates(kept);
  const open = (options: Partial<RedisStateOptions> = {}, clock?: Clock) =>
    openState({ commandTimeoutMs: 5_000, ...options }, clock);
  let redis: RedisServer;

  beforeEach(() => {
    redis = kept.server;
  });

  const follow = async () => followEntry(await open());

  async function keyOfEntry(): Promise<string> {
    const [entry = ''] = (await redis.command('KEYS', '*:live-*')) as string[];
    return entry;
  }
  /** The fields of the whole entry and of its stored changes. */
  const partsInRedis = async () =>
    ((await redis.command('HKEYS', await keyOfEntry())) as string[]).filter((field) =>
      /^(whole|\d+)$/.test(field),
    );

  /** A follower that leads, and has stored these sessions. */
  async function leaderOf(...ids: string[]): Promise<TestFollower> {
    const leader = await follow();
    await leads(leader);
    for (const id of ids) await leader.appear(id);
    return leader;
  }

  const leaderAmong = async (...followers: TestFollower[]): Promise<TestFollower> => {
    await eventually(() => expect(followers.filter(({ isLeading }) => isLeading)).toHaveLength(1));
    return followers.find(({ isLeading }) => isLeading) as TestFollower;
  };

  it('let a follower lead after it has received its entry, and store its updates', async () => {
    const follower = followEntry(await open());
    expect(follower.roles).toEqual([]);
    await leads(follower);
    expect([await follower.appear('a'), await follower.appear('b')]).toEqual([true, true]);
    expect(follower.ids()).toEqual(['a', 'b']);
    follower.entry.leave();
  });

  it('tell a follower that has left nothing, and store none of its updates', async () => {
    const state = await open();
    const [gone, early] = [followEntry(state), followEntry(state, 'account', 'other')];
    early.entry.leave();
    await leads(gone);
    gone.entry.leave();
    gone.entry.leave();
    expect(await gone.appear('a')).toBe(false);
    await delay(100);
    expect(early.roles).toEqual([]);
  });

  it('have one leader, and the next at once when it leaves, which knows all', async () => {
    const leader = await leaderOf('a', 'b');
    const others = [await follow(), await follow()];
    for (const other of others) await knows(other, 'a', 'b');
    expect(others.map(({ roles }) => roles)).toEqual([[], []]);
    await leader.appear('c');
    leader.entry.leave();
    const next = await leaderAmong(...others);
    expect(next.ids()).toEqual(['a', 'b', 'c']);
    await next.appear('d');
    for (const other of others) await knows(other, 'a', 'b', 'c', 'd');
    expect(others.map(({ roles }) => roles).sort()).toEqual([[], ['lead']]);
  });

  it('give a process only the changes that it misses, and all of the entry if it misses more', async () => {
    const leader = await leaderOf('a');
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const late = followEntry(await open({ url: proxy.url, commandTimeoutMs: 60_000 }));
    await knows(late, 'a');
    proxy.hold();
    for (const id of ['b', 'c', 'd']) await leader.appear(id);
    proxy.release();
    await knows(late, 'a', 'b', 'c', 'd');
    await leader.stay();
    await eventually(() => expect(late.found.at(-1)).toBe(0));
    expect(late.found[0]).toBe('whole');
    expect(late.found.slice(1)).not.toContain('whole');
    expect(await partsInRedis()).toEqual(expect.arrayContaining(['whole', '2', '3', '4']));
    // A new lease begins with all of the entry, and with the last change for the processes that miss only this change.
    leader.entry.leave();
    await leads(late);
    await late.appear('e');
    expect((await partsInRedis()).sort()).toEqual(['5', 'whole']);
    await knows(await follow(), 'a', 'b', 'c', 'd', 'e');
  });

  it('give a new process the cursors of earlier changes as well', async () => {
    const leader = await leaderOf('a', 'b');
    const cursor = leader.cursor();
    await leader.appear('c');
    leader.entry.leave();
    const next = await follow();
    await leads(next);
    await next.appear('d');
    const last = await follow();
    await knows(last, 'a', 'b', 'c', 'd');
    expect([last.knows(cursor), last.knows('another.1')]).toEqual([true, false]);
  });

  it('do not store an update of a former leader', async () => {
    const leader = await leaderOf('a');
    const other = await follow();
    await knows(other, 'a');
    const instances = async () => (await redis.command('HKEYS', INSTANCES)) as string[];
    const known = await instances();
    const third = await open();
    const [somebody] = (await instances()).filter((name) => !known.includes(name));
    const lease = [await keyOfEntry(), `${somebody}.0.1`, `${somebody}.0.2`];
    await redis.command('EVAL', TAKE_LEASE, '1', ...lease);
    expect(await leader.appear('x')).toBe(false);
    await eventually(() => expect(leader.roles).toEqual(['lead', 'yield']));
    await third.close?.();
    await (await leaderAmong(leader, other)).appear('b');
    for (const one of [leader, other]) await knows(one, 'a', 'b');
  });

  it('lose the lease of a process that has ended without a word', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const dead = followEntry(await open({ url: proxy.url, commandTimeoutMs: 60_000 }));
    await leads(dead);
    await dead.appear('a');
    const other = await follow();
    await knows(other, 'a');
    proxy.cut();
    await leads(other);
    expect(other.ids()).toEqual(['a']);
    proxy.mend();
  });

  it('lose the lease of a process that ended before the clock of Redis was set back by an hour', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    await leads(followEntry(await open({ url: proxy.url, commandTimeoutMs: 60_000 })));
    proxy.cut();
    const holder = String(await redis.command('HGET', await keyOfEntry(), 'leader'));
    await redis.command('EVAL', BEAT_LATER, '1', BEATS, holder.split('.').slice(0, 2).join('.'));
    await leads(await follow());
    proxy.mend();
  });

  it('show a process that stood still what others have stored, before it serves a subscriber', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    let isStill = false;
    const clock: Clock = {
      now: backgroundClock.now,
      after: (delayMs, action) => backgroundClock.after(delayMs, () => isStill || action()),
    };
    const still = followEntry(await open({ url: proxy.url, commandTimeoutMs: 60_000 }, clock));
    await leads(still);
    await still.appear('a');
    isStill = true;
    proxy.hold();
    const other = await follow();
    await leads(other);
    await other.appear('b');
    expect([still.isLeading, still.ids()]).toEqual([true, ['a']]);
    proxy.release();
    await still.entry.refresh();
    expect(still.ids()).toEqual(['a', 'b']);
  });

  it('give no lease to a process that has reached Redis again, and does not use it yet', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    let stoppedAt: number | undefined;
    const now = () => stoppedAt ?? performance.now();
    const apart = await open({ url: proxy.url, now });
    await leads(followEntry(apart));
    proxy.sever();
    await eventually(() => expect(apart.coordination?.partition).toBe(1));
    // Redis never has answered well for long enough.
    stoppedAt = performance.now();
    proxy.mend();
    const isBack = `return string.match(redis.call('HGET', KEYS[1], ARGV[1]), '^%a+')`;
    const [instance = ''] = (await redis.command('HKEYS', INSTANCES)) as string[];
    await eventually(async () =>
      expect(await redis.command('EVAL', isBack, '1', INSTANCES, instance)).toBe('degraded'),
    );
    await leads(followEntry(apart));
    await leads(await follow());
    expect(apart.coordination?.partition).toBe(1);
  });

  it('are kept for a minute after the last process has left', async () => {
    const leader = await leaderOf('a', 'b');
    leader.entry.leave();
    const next = await follow();
    await leads(next);
    expect([next.ids(), next.cursor()]).toEqual([['a', 'b'], leader.cursor()]);
    const leftMs = Number(await redis.command('PTTL', await keyOfEntry()));
    expect(leftMs > 55_000 && leftMs <= 75_000).toBe(true);
  });

  it('keep the order, and give everything once, while processes come and go', async () => {
    const states = [await open(), await open(), await open()];
    const present = states.map((state) => followEntry(state));
    const witness = await follow();
    const ids: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const leader = await leaderAmong(...present, witness);
      for (let count = 0; count < 5; count += 1) {
        ids.push(String(ids.length + 1));
        await leader.appear(String(ids.length));
      }
      if (leader === witness) continue;
      present.splice(present.indexOf(leader), 1);
      leader.entry.leave();
      present.push(followEntry(states[round % 3] as State));
    }
    for (const one of [...present, witness]) await knows(one, ...ids);
  });

  it('bound what Redis keeps of an entry', async () => {
    const leader = await leaderOf('a');
    let most = 0;
    for (let n = 1; n <= 300; n += 1) {
      await leader.appear(`b${n}`);
      most = Math.max(most, (await partsInRedis()).length);
    }
    expect(most).toBeLessThanOrEqual(258);
    expect((await partsInRedis()).length).toBeLessThan(100);
    const large = randomBytes(500_000).toString('base64');
    for (const id of ['c', 'd', 'e']) await leader.appear(id, large);
    expect((await partsInRedis()).length).toBeLessThanOrEqual(3);
    const joined = await follow();
    await eventually(() => expect(joined.ids()).toHaveLength(304));
  });

  it('give a broadcast to each process that follows an entry of the account, and to no other', async () => {
    const listen = async (account: string) => {
      const state = await open();
      const all: unknown[] = [];
      state.live?.onMessage((name, message) => all.push([name, message]));
      followEntry(state, account);
      return all;
    };
    const here = [await listen('account'), await listen('account')];
    const elsewhere = await listen('another');
    const { live } = await open();
    // A channel may not be open yet: an earlier message is lost.
    await eventually(() => {
      live?.broadcast('account', { n: 1 });
      for (const one of here) expect(one).toContainEqual(['account', { n: 1 }]);
    });
    expect(elsewhere).toEqual([]);
  });

  it('go on when messages are lost', async () => {
    const leader = await leaderOf('a');
    const other = await follow();
    await knows(other, 'a');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await leader.appear('b');
    await knows(other, 'a', 'b');
  });

  it.each(['head', 'change', 'whole', 'form', 'JSON'])(
    'are stored again when their %s is wrong',
    async (part) => {
      const leader = await leaderOf('a');
      const entry = await keyOfEntry();
      const [, old] = (await redis.bytes('HMGET', entry, 'x', 'whole')) as unknown as Buffer[];
      await leader.appear('b');
      if (part === 'head') await redis.command('HSET', entry, 'head', 'made up', 'stamp', 'made.0.up');
      else if (part === 'change') await redis.bytes('HSET', entry, '2', old as Buffer);
      else if (part === 'whole') await redis.command('HSET', entry, 'whole', 'made up');
      else if (part === 'JSON') await redis.bytes('HSET', entry, 'whole', noJson(`${entry} whole`));
      else await leader.entry.store({ head: { other: 'form' }, isNew: true, whole: () => ({}), ageMs: 0 });
      const other = await follow();
      const next = async () => {
        await eventually(() => expect(leader.roles.length + other.roles.length).toBeGreaterThan(1));
        return leaderAmong(leader, other);
      };
      // The leader may have seen the stamp before it was changed: its update is not stored.
      await eventually(async () => expect(await (await next()).appear('c')).toBe(true));
      await eventually(() => expect(other.cursor()).toBe(leader.cursor()));
      expect(leader.ids()).toContain('c');
    },
  );

  it('are stored again after FLUSHALL, by one of the processes, which continue from what they know', async () => {
    const leader = await leaderOf('a', 'b');
    const other = await follow();
    await knows(other, 'a', 'b');
    await redis.command('FLUSHALL');
    await eventually(() => expect(leader.roles.length + other.roles.length).toBe(leader.isLeading ? 2 : 3));
    await (await leaderAmong(leader, other)).appear('c');
    for (const one of [leader, other]) await knows(one, 'a', 'b', 'c');
    await knows(await follow(), 'a', 'b', 'c');
  });

  it('are stored again when Redis returns with older data, which no process takes for news', async () => {
    const leader = await leaderOf('a');
    const other = await follow();
    await knows(other, 'a');
    const entry = await keyOfEntry();
    const dump = await redis.bytes('DUMP', entry);
    for (const id of ['b', 'c']) await leader.appear(id);
    await knows(other, 'a', 'b', 'c');
    await redis.bytes('RESTORE', entry, '75000', dump as unknown as Buffer, 'REPLACE');
    await eventually(() => expect(leader.roles.length).toBeGreaterThan(1));
    await eventually(async () => expect(await leader.appear('d')).toBe(true));
    await knows(other, 'a', 'b', 'c', 'd');
    await knows(await follow(), 'a', 'b', 'c', 'd');
  });

  it('let each process lead alone while Redis is lost, and continue from the newest state when it is back', async () => {
    const states = [await open(), await open()] as const;
    const [one, other] = states.map((state) => followEntry(state)) as [TestFollower, TestFollower];
    await (await leaderAmong(one, other)).appear('a');
    for (const follower of [one, other]) await knows(follower, 'a');
    await redis.stop();
    await eventually(() => expect(states.map(({ coordination }) => coordination?.partition)).toEqual([1, 1]));
    expect([one.isLeading, other.isLeading]).toEqual([true, true]);
    await one.appear('b');
    await other.appear('c');
    expect([one.ids(), other.ids()]).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ]);
    await redis.start();
    await eventually(() => expect(states.map(({ coordination }) => coordination?.partition)).toEqual([0, 0]));
    const next = async () => (await leaderAmong(one, other)).appear('d');
    await eventually(async () => expect(await next()).toBe(true));
    await eventually(() => expect(one.cursor()).toBe(other.cursor()));
    expect(one.ids()).toEqual(other.ids());
  });
});
