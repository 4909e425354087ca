import { describe, expect, it } from 'vitest';
import { Refused } from '../../src/luaauth/refusal.ts';
import type { Call } from '../../src/transport/call.ts';
import { RateLimited, Unavailable } from '../../src/transport/errors.ts';
import { createScene, many } from './scene.ts';

const WINDOW_MS = 1_002;
const POLL = { notes: { background: 'poll' }, caller: 'polls' } as const;
const RENEWAL = { notes: { background: 'revalidation' } } as const;

describe('quotas', () => {
  it('let the rate of a key start in any second, and the next call when the first one leaves the window', async () => {
    const scene = createScene({ rate: 3 });
    scene.ask(many('a', 7));
    expect(await scene.pass(2 * WINDOW_MS)).toEqual(['0 a1 a2 a3', '1002 a4 a5 a6', '2004 a7']);
  });

  it('are one for each key, and one for all keys', async () => {
    const scene = createScene({ rate: 3, totalRate: 4 });
    scene.ask(many('a', 4), { account: 'A' });
    scene.ask(many('b', 4), { account: 'B' });
    expect(await scene.pass(WINDOW_MS)).toEqual(['0 a1 a2 a3 b1', '1002 a4 b2 b3 b4']);
  });

  it('hold a caller to its own rate, and leave the rest to others', async () => {
    const scene = createScene({ rate: 4 });
    scene.ask(many('a', 5), { caller: 'capped', callerRate: 2 });
    scene.ask(many('b', 4), { caller: 'other' });
    expect(await scene.pass(2 * WINDOW_MS)).toEqual(['0 a1 a2 b1 b2', '1002 a3 b3 a4 b4', '2004 a5']);
  });

  it('follow a caller whose rate changes from its next call on', async () => {
    const scene = createScene({ rate: 10 });
    scene.ask(many('a', 3), { caller: 'capped', callerRate: 2 });
    scene.ask(many('b', 3), { caller: 'capped', callerRate: 3 });
    expect(await scene.pass(WINDOW_MS)).toEqual(['0 a1 a2 b1 b2 b3', '1002 a3']);
  });

  it('get the permit of a call back that could not be sent', async () => {
    const scene = createScene({ rate: 2 });
    scene.answer = (name, call) => (name === 'a' ? new Unavailable(call, 'no') : undefined);
    scene.isUnsent = (name) => name === 'a';
    scene.ask('a b c');
    expect(await scene.pass(0)).toEqual(['0 a b c']);
  });

  it('hold 10,000 calls of a key; one more is refused at once', async () => {
    const scene = createScene({ rate: 1 });
    scene.ask(many('a', 10_001), { timeoutMs: 1e9 });
    scene.ask('late', { timeoutMs: 1e9 });
    scene.ask('other', { account: 'B' });
    expect(await scene.pass(0)).toEqual(['0 a1 late:RateLimited2004 other']);
  });
});

describe('turns', () => {
  it('go from account to account', async () => {
    const scene = createScene({ rate: 10, totalRate: 4 });
    scene.ask(many('a', 12), { account: 'A' });
    scene.ask(many('b', 4), { account: 'B' });
    expect(await scene.pass(2 * WINDOW_MS)).toEqual([
      '0 a1 a2 a3 a4',
      '1002 a5 b1 a6 b2',
      '2004 a7 b3 a8 b4',
    ]);
  });

  it('go from caller to caller, however many calls or operations each has', async () => {
    const scene = createScene({ rate: 4 });
    for (const name of ['a', 'b', 'c']) scene.ask(many(name, 4), { caller: 'greedy' });
    scene.ask(many('x', 2), { caller: 'other' });
    scene.ask('y', { caller: 'third' });
    expect(await scene.pass(WINDOW_MS)).toEqual(['0 a1 a2 a3 a4', '1002 b1 x1 y c1']);
  });

  it('give a caller that comes again and again one call in each round', async () => {
    const scene = createScene({ rate: 3 });
    for (const caller of ['a', 'b']) scene.ask(many(caller, 9), { caller });
    scene.answer = (name) => {
      if (name.startsWith('again')) scene.ask(`${name}+`, { caller: 'again' });
      return undefined;
    };
    scene.ask('again', { caller: 'again' });
    expect(await scene.pass(3 * WINDOW_MS)).toEqual([
      '0 a1 a2 a3',
      '1002 a4 b1 again',
      '2004 a5 b2 again+',
      '3006 a6 b3 again++',
    ]);
  });

  it('go from operation to operation of a caller, of which each keeps the order of its calls', async () => {
    const scene = createScene({ rate: 2 });
    const first = scene.originOf({});
    scene.ask(many('first', 4), { operation: first });
    scene.ask(many('second', 4));
    scene.ask('write', { kind: 'write' });
    scene.ask('first5', { operation: first });
    expect(await scene.pass(4 * WINDOW_MS)).toEqual([
      '0 first1 first2',
      '1002 first3 second1',
      '2004 write first4',
      '3006 second2 first5',
      '4008 second3 second4',
    ]);
  });

  it('let a single read start in the next second, beside five operations of 200 reads of its caller', async () => {
    const scene = createScene({ rate: 50 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) scene.ask(many(name, 200), { timeoutMs: 30_000 });
    await scene.pass(100);
    scene.ask('single', { timeoutMs: 1_500 });
    const [second = ''] = await scene.pass(WINDOW_MS);
    expect(second).toMatch(/^1002 .*\bsingle\b/);
    const started = (await scene.pass(30_000)).join(' ');
    expect(started).not.toContain('RateLimited');
    for (const name of ['a', 'b', 'c', 'd', 'e']) expect(started).toContain(`${name}200`);
  });
});

describe('calls in the background', () => {
  it('get one permit of twenty while clients use the whole quota, polls first', async () => {
    const scene = createScene({ rate: 20 });
    scene.ask(many('c', 100));
    scene.ask(many('renewal', 2), RENEWAL);
    scene.ask(many('poll', 2), POLL);
    const [, second = '', third = '', fourth = ''] = await scene.pass(3 * WINDOW_MS);
    expect(
      [second, third, fourth].map((line) => line.split(' ').filter((name) => /poll|renewal/.test(name))),
    ).toEqual([['poll1'], ['poll2'], ['renewal1']]);
    expect(second.split(' ')).toHaveLength(21);
  });

  it('otherwise leave a fifth of the permits free', async () => {
    const scene = createScene({ rate: 10 });
    scene.ask(many('renewal', 12), RENEWAL);
    expect(await scene.pass(300)).toEqual([`0 ${many('renewal', 8)}`]);
    scene.ask(many('c', 3));
    expect(await scene.pass(0)).toEqual(['300 c1 c2']);
  });

  it('start when they have a permit, not when they ask for one in vain', async () => {
    const scene = createScene({ rate: 10 });
    scene.ask(many('c', 8));
    const startedAt: number[] = [];
    const onTurn = () => void startedAt.push(scene.clock.now());
    scene.ask('renewal', { notes: { ...RENEWAL.notes, onTurn } });
    expect(await scene.pass(2 * WINDOW_MS)).toEqual([`0 ${many('c', 8)}`, '1002 renewal']);
    expect(startedAt).toEqual([1_002]);
  });

  it('leave a fifth free, though a caller waits for a rate of its own', async () => {
    const scene = createScene({ rate: 10 });
    scene.ask(many('c', 3), { caller: 'capped', callerRate: 1 });
    scene.ask(many('renewal', 12), RENEWAL);
    await scene.pass(900);
    scene.ask(many('w', 2), { kind: 'write' });
    expect(await scene.pass(0)).toEqual(['900 w1 w2']);
  });

  it('keep no call of a client out, though as many wait as may', async () => {
    const scene = createScene({ rate: 10 });
    scene.ask(many('renewal', 10_100), { ...RENEWAL, timeoutMs: 1e9 });
    scene.ask(many('c', 2));
    expect(await scene.pass(0)).toEqual([
      expect.stringMatching(/^0 renewal1 renewal2 .* renewal\d+:RateLimited.* c1 c2$/),
    ]);
  });

  it('give each of 20 followed scripts a poll every 10 s beside reads that use the whole quota', async () => {
    const scene = createScene({ rate: 50 });
    const polledAt = new Map<string, number>();
    let longest = 0;
    const poll = (name: string) => scene.ask(name, POLL);
    scene.answer = (name) => {
      if (name.startsWith('poll')) {
        longest = Math.max(longest, scene.clock.now() - (polledAt.get(name) ?? 0));
        polledAt.set(name, scene.clock.now());
        scene.clock.after(2_000, () => poll(name));
      } else scene.ask(name);
      return undefined;
    };
    scene.ask(many('read', 100));
    scene.ask(many('renewal', 100), RENEWAL);
    many('poll', 20).split(' ').forEach(poll);
    await scene.pass(60_000);
    expect(polledAt.size).toBe(20);
    expect(longest).toBeLessThan(10_000);
    for (const at of polledAt.values()) expect(60_000 - at).toBeLessThan(10_000);
  });
});

describe('connections', () => {
  const hang = () => 'nothing' as const;

  it('are at most half of one caller, and an eighth is left to callers that have none', async () => {
    const scene = createScene({ rate: 50, connections: 16 });
    scene.answer = hang;
    scene.ask(many('a', 20), { account: 'A' });
    scene.ask(many('b', 20), { account: 'B' });
    expect(await scene.pass(0)).toEqual(['0 a1 a2 a3 a4 a5 a6 a7 a8 b1 b2 b3 b4 b5 b6']);
    scene.ask(many('c', 2), { account: 'A', caller: 'C' });
    scene.ask(many('d', 2), { account: 'D' });
    expect(await scene.pass(0)).toEqual(['0 c1 d1']);
  });

  it('take no permit of the quota while a call waits for one', () => {
    const scene = createScene({ rate: 50, connections: 4 });
    scene.answer = hang;
    scene.ask(many('a', 6));
    expect(scene.scheduler.status('key', () => 0)).toMatchObject({ used: 2, queued: 4 });
  });

  it('end a call that waits for one too long as timed out', async () => {
    const scene = createScene({ rate: 50, connections: 2 });
    scene.answer = hang;
    scene.ask(many('a', 2), { timeoutMs: 3_000 });
    expect(await scene.pass(3_000)).toEqual(['0 a1', '2250 a2:TimedOut']);
  });
});

describe('calls that cannot start in time', () => {
  it('are refused at once with all reads of their operation, and told when to come back', async () => {
    const scene = createScene({ rate: 2 });
    const asked = { timeoutMs: 3_000 };
    scene.ask(many('a', 2), asked);
    await scene.pass(0);
    scene.ask(many('b', 2), asked);
    // In three seconds two more can start. The fifth in line is told to wait for 5/2 of a window.
    scene.ask(many('c', 4), asked);
    scene.ask('d', asked);
    expect(await scene.pass(3_000)).toEqual([
      '0 c3:RateLimited2505 c4:RateLimited2505 c1:RateLimited2505 c2:RateLimited2505',
      '1002 b1 d',
      '2004 b2',
    ]);
  });

  it('are those that would start with less than a quarter of their time', async () => {
    const scene = createScene({ rate: 1 });
    scene.ask('a');
    await scene.pass(0);
    scene.ask('late', { timeoutMs: 1_335 });
    scene.ask('intime', { timeoutMs: 1_337 });
    expect(await scene.pass(WINDOW_MS)).toEqual(['0 late:RateLimited1002', '1002 intime']);
  });

  it('are refused alone where they are writes', async () => {
    const scene = createScene({ rate: 1 });
    scene.ask('a');
    await scene.pass(0);
    scene.ask(many('w', 4), { kind: 'write', timeoutMs: 3_000 });
    expect(await scene.pass(3_000)).toEqual([
      '0 w3:RateLimited3006 w4:RateLimited3006',
      '1002 w1',
      '2004 w2',
    ]);
  });

  it('are told so by the rate of their caller', async () => {
    const scene = createScene({ rate: 10 });
    const asked = { caller: 'capped', callerRate: 1, timeoutMs: 3_000 };
    for (const name of ['a', 'b', 'c', 'd']) {
      scene.ask(name, asked);
      await scene.pass(0);
    }
    scene.ask('other');
    expect(await scene.pass(3_000)).toEqual(['0 other', '1002 b', '2004 c']);
  });

  it('free their turns when their clients leave', async () => {
    const scene = createScene({ rate: 1 });
    scene.ask('a');
    const left = scene.ask(many('b', 3));
    scene.ask('c');
    for (const { leave } of left) leave();
    expect(await scene.pass(WINDOW_MS)).toEqual(['0 a', '1002 c']);
    await scene.pass(60_000);
    expect(scene.clock.pending).toBe(0);
  });
});

describe('an answer that says ratelimited', () => {
  const A = { endpoint: 'GET /a' };
  const B = { endpoint: 'GET /b' };

  it('pauses its endpoint for as long as it says, and refuses what cannot wait so long', async () => {
    const scene = createScene({ rate: 5 });
    scene.answer = (_name, call) => new RateLimited(call, 4_000, { byApi: true });
    scene.ask('a');
    await scene.pass(0);
    scene.answer = () => undefined;
    scene.ask('b');
    scene.ask('c', { timeoutMs: 3_000 });
    scene.ask('d', { account: 'B' });
    scene.ask('e', B);
    expect(await scene.pass(5_000)).toEqual(['0 c:RateLimited4000 d e', '4000 b']);
  });

  it('pauses its endpoint for a second if it does not say how long, and slows nothing down', async () => {
    const scene = createScene({ rate: 10 });
    scene.answer = (name, call) =>
      name.startsWith('a') ? new RateLimited(call, undefined, { byApi: true }) : undefined;
    scene.ask(many('a', 3), A);
    await scene.pass(0);
    scene.ask('c', A);
    scene.ask(many('b', 6), B);
    expect(await scene.pass(WINDOW_MS)).toEqual([`0 ${many('b', 6)}`, '1000 c']);
    expect(scene.scheduler.status('key', () => 0)).toMatchObject({ limit: 10, queued: 0 });
  });

  it('refuses calls that wait already if they cannot wait so long', async () => {
    const scene = createScene({ rate: 1 });
    scene.answer = (name, call) => (name === 'a' ? new RateLimited(call, 4_000, { byApi: true }) : undefined);
    scene.ask('a');
    scene.ask('b', { timeoutMs: 3_000 });
    scene.ask('c');
    expect(await scene.pass(5_000)).toEqual(['0 a b:RateLimited4000', '4000 c']);
  });
});

describe('keys that LuaAuth has not accepted', () => {
  const refuse = (_name: string, call: Call<unknown>) =>
    new Refused(call, 'not permitted', { code: -1, message: 'unauthorized', fields: [], authorization: [] });
  const from = (place: string, account: string) => ({ place, account });

  it('share a quarter of the quota of the gateway, in turns by client address', async () => {
    const scene = createScene({ rate: 10, totalRate: 16, isAccepted: false });
    scene.answer = refuse;
    for (const key of ['k', 'l', 'm']) scene.ask(many(key, 3), from('attacker', key));
    scene.ask(many('n', 2), from('newcomer', 'n'));
    scene.scheduler.accept('good');
    scene.ask(many('good', 12), from('attacker', 'good'));
    expect(await scene.pass(WINDOW_MS)).toEqual([
      '0 k1 k2 k3 l1 good1 good2 good3 good4 good5 good6 good7 good8 good9 good10',
      '1002 l2 n1 m1 n2 good11 good12',
    ]);
  });

  it('have five calls under way each', async () => {
    const scene = createScene({ rate: 50, totalRate: 200, isAccepted: false });
    scene.answer = () => 'nothing';
    for (const key of ['k', 'l']) scene.ask(many(key, 7), { account: key, timeoutMs: 2_000 });
    expect(await scene.pass(2_000)).toEqual([
      `0 ${many('k', 5)} ${many('l', 5)}`,
      '1500 k6:TimedOut k7:TimedOut l6:TimedOut l7:TimedOut',
    ]);
  });

  it('are as free as all others once a call succeeds', async () => {
    const scene = createScene({ rate: 40, totalRate: 80, isAccepted: false });
    scene.answer = (name, call) => (name === 'a4' ? undefined : refuse(name, call));
    scene.ask(many('a', 20));
    expect(await scene.pass(0)).toEqual([`0 ${many('a', 20)}`]);
    scene.ask(many('b', 20));
    expect(await scene.pass(0)).toEqual([`0 ${many('b', 20)}`]);
    expect(scene.scheduler.status('key', () => 0)).toMatchObject({ limit: 40, remaining: 0 });
  });

  it('are not limited for the key that the gateway holds', async () => {
    const scene = createScene({ rate: 40, totalRate: 40, isAccepted: false });
    scene.answer = refuse;
    scene.scheduler.accept('held');
    scene.ask(many('a', 30), { account: 'held' });
    expect(await scene.pass(0)).toEqual([`0 ${many('a', 30)}`]);
  });

  it('have 400 waiting calls together; then the address with the most loses its last', async () => {
    const scene = createScene({ rate: 50, totalRate: 4, isAccepted: false });
    scene.answer = () => 'nothing';
    for (let key = 1; key <= 100; key += 1)
      scene.ask(many(`k${key}-`, 5), { ...from('attacker', `k${key}`), timeoutMs: 1e9 });
    const [first = ''] = await scene.pass(0);
    expect(first.match(/RateLimited1000/g)).toHaveLength(99);
    scene.ask('n', { ...from('newcomer', 'n'), timeoutMs: 1e9 });
    expect(await scene.pass(0)).toEqual([expect.stringMatching(/^0 k\d+-\d:RateLimited1000$/)]);
    expect(scene.scheduler.status('n', () => 0)).toMatchObject({ queued: 1 });
  });
});
