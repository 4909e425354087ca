import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  callsPerSecond,
  entryOf,
  memberOf,
  nextChange,
  type QuotaShare,
  type Registry,
  type RegistryMember,
  reservedShares,
  sessionName,
} from '../../src/features/redis/registry.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

type Options = Parameters<typeof nextChange>[4];
const QUIET: Options = { configured: undefined, isQuarantined: false };
const newcomer = (joinedAt: number): RegistryMember => ({
  session: 0,
  isDegraded: false,
  share: undefined,
  joinedAt,
});
const sharesOf = (members: Registry['members']) => [...members.values()].flatMap(({ share }) => share ?? []);
const sumOf = (rate: number, shares: readonly QuotaShare[]) =>
  shares.reduce((sum, share) => sum + callsPerSecond(rate, share), 0);

/** A registry that members change one by one, and the last beat of each session. */
class World {
  members = new Map<string, RegistryMember>();
  readonly beats = new Map<string, number>();
  now = 1_800_000_000_000;

  view(): Registry {
    return {
      members: this.members,
      late: new Map([...this.beats].filter(([, at]) => this.now - at > 1_000)),
    };
  }

  /** An instance beats, and changes its entry once if there is something to change. */
  beat(instance: string, change: Partial<RegistryMember> = {}, options = QUIET): boolean {
    const wanted = { ...(this.members.get(instance) ?? newcomer(this.now)), ...change };
    this.beats.set(sessionName(instance, wanted.session), this.now);
    const next = nextChange(this.view(), instance, wanted, this.now, options);
    if (!next) return false;
    for (const name of next.removed) {
      this.members.delete(name);
      this.beats.delete(name);
    }
    this.members.set(instance, next.member);
    return true;
  }

  /** All instances beat until no entry changes. */
  settle(instances: readonly string[], options = QUIET): void {
    for (let rounds = 0; rounds < 10; rounds += 1)
      if (!instances.map((one) => this.beat(one, {}, options)).includes(true)) return;
    throw new Error('The registry does not come to rest.');
  }
}

const named = (count: number) => Array.from({ length: count }, (_one, index) => `i${index}`);

it.each([1, 3, 26, 33, 49, 50, 60, 100, 101])('%i gateways use all 50 calls together', (count) => {
  for (const configured of [count, undefined]) {
    const world = new World();
    world.settle(named(count), { ...QUIET, configured });
    const shares = sharesOf(world.members);
    expect(shares).toHaveLength(count);
    expect(sumOf(50, shares)).toBeCloseTo(50, 9);
    const calls = shares.map((share) => callsPerSecond(50, share));
    if (count <= 50) expect(Math.max(...calls) - Math.min(...calls)).toBeLessThanOrEqual(1);
    else expect(Math.max(...calls)).toBeLessThanOrEqual(1);
  }
});

it('a member without a share joins where the configured members have all of the quota', () => {
  const world = new World();
  world.settle(named(4), { ...QUIET, configured: 3 });
  expect(sharesOf(world.members)).toHaveLength(3);
});

it('a newcomer has no share beside an absent gateway, and takes over that share after 3 s', () => {
  const world = new World();
  world.settle(['a', 'b']);
  world.now += 2_000;
  world.settle(['a', 'c']);
  expect(world.members.get('c')?.share).toBeUndefined();
  expect(reservedShares(world.view(), 'c', world.now)).toEqual([{ place: 1, among: 2 }]);
  world.now += 1_001;
  world.settle(['a', 'c']);
  expect([...world.members.keys()].sort()).toEqual(['a', 'c']);
  expect(world.members.get('c')?.share).toEqual({ place: 1, among: 2 });
});

it('a member that was there before replaces no absent gateway, also if the clock of the store was set back', () => {
  for (const jump of [0, -3_600_000, 3_600_000]) {
    const world = new World();
    world.settle(['a', 'b']);
    world.now += jump;
    world.beats.set('b.0', world.now);
    world.now += 10_000;
    world.settle(['a']);
    expect(world.members.get('b')?.share).toEqual({ place: 1, among: 2 });
  }
});

it('an absent gateway keeps its share for a minute', () => {
  const world = new World();
  world.settle(['a', 'b']);
  world.now += 60_000;
  world.settle(['a']);
  expect(sharesOf(world.members)).toHaveLength(2);
  world.now += 1;
  world.settle(['a']);
  expect(sharesOf(world.members)).toEqual([{ place: 0, among: 1 }]);
});

it('a degraded gateway keeps its place, and others reserve its share', () => {
  const world = new World();
  world.settle(['a', 'b', 'c']);
  world.members.delete('b');
  const degraded = { isDegraded: true, session: 1 };
  world.beat('c', degraded);
  world.settle(['a', 'c']);
  expect(world.members.get('c')).toMatchObject({ ...degraded, share: { place: 2, among: 3 } });
  expect(reservedShares(world.view(), 'a', world.now)).toEqual([{ place: 2, among: 3 }]);
  expect(reservedShares(world.view(), 'c', world.now)).toEqual([]);
  world.beat('c', { share: { place: 2, among: 5 } });
  expect(world.members.get('c')?.share).toEqual({ place: 2, among: 5 });
});

it('nothing but a free share is taken during the quarantine of a store', () => {
  const options = { ...QUIET, isQuarantined: true };
  const world = new World();
  world.beat('a', { share: { place: 1, among: 2 } }, options);
  world.beat('b', { share: { place: 1, among: 2 } }, options);
  world.beat('c', {}, options);
  world.now += 100_000;
  world.beat('c', {}, options);
  expect([...world.members.values()].map(({ share }) => share)).toEqual([
    { place: 1, among: 2 },
    undefined,
    undefined,
  ]);
});

it('the shares of any members are at most any quota, and come to use all of it', () => {
  const step = fc.record({
    instance: fc.nat({ max: 7 }),
    action: fc.constantFrom('beat', 'beat', 'beat', 'beat', 'lose', 'return', 'leave', 'restart'),
    afterMs: fc.constantFrom(0, 10, 300, 2_000, 5_000, 61_000),
    configured: fc.constantFrom(undefined, undefined, undefined, 3, 5),
    isQuarantined: fc.constantFrom(false, false, false, true),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const world = new World();
      const generation = new Map<number, number>();
      for (const { instance: index, action, afterMs, configured, isQuarantined } of steps) {
        world.now += afterMs;
        const instance = `i${index}-${generation.get(index) ?? 0}`;
        const options = { configured, isQuarantined };
        const session = (world.members.get(instance)?.session ?? 0) + 1;
        if (action === 'leave') world.members.delete(instance);
        else if (action === 'restart') generation.set(index, (generation.get(index) ?? 0) + 1);
        else if (action === 'lose') world.beat(instance, { isDegraded: true, session }, options);
        else world.beat(instance, action === 'return' ? { isDegraded: false } : {}, options);
        const shares = sharesOf(world.members);
        expect(new Set(shares.map(({ place }) => place)).size).toBe(shares.length);
        for (const rate of [1, 2, 7, 10, 50]) expect(sumOf(rate, shares)).toBeLessThanOrEqual(rate + 1e-9);
        for (const member of world.members.values()) expect(memberOf(entryOf(member))).toEqual(member);
      }
      world.now += 70_000;
      const living = ['a', 'b', 'c'];
      world.settle(living);
      expect(sharesOf(world.members)).toHaveLength(3);
      expect(sumOf(50, sharesOf(world.members))).toBeCloseTo(50, 9);
    }),
    { numRuns: propertyRuns(300), seed: propertySeed(1) },
  );
});
