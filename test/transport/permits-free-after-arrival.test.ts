import { describe, expect, it } from 'vitest';
import { createScene, many } from './scene.ts';

/** Longer than a second by what clocks and timers may be off. */
const WINDOW_MS = 1_002;
/** No way to the API takes longer. */
const LONGEST_WAY_MS = 700;

describe.each([
  ['of a key', { rate: 10 }],
  ['of all keys together', { rate: 0, totalRate: 10 }],
])('a permit of the quota %s', async (_title, quota) => {
  type Scene = ReturnType<typeof createScene>;

  /** Sends ten reads whose answers begin after so many ms, and waits for these. */
  async function tenReads(scene: Scene, workMs: number): Promise<void> {
    scene.travel = () => ({ workMs });
    scene.ask(many('read', 10), { timeoutMs: 1e6 });
    expect((await scene.pass(workMs)).join(' ').split(' ')).toHaveLength(11);
    scene.travel = () => ({});
  }

  /** In how many ms the next read is sent. */
  async function expectNextAfter(scene: Scene, ms: number): Promise<void> {
    scene.ask('next', { timeoutMs: 1e6 });
    expect(await scene.pass(ms - 1)).toEqual([]);
    expect(await scene.pass(1)).toEqual([`${scene.clock.now()} next`]);
  }

  it('is free a second after the answer, however long answers have taken of late', async () => {
    const scene = createScene(quota);
    for (let time = 0; time < 3; time += 1) {
      await tenReads(scene, 100);
      await scene.pass(WINDOW_MS);
    }
    await tenReads(scene, 100);
    await expectNextAfter(scene, WINDOW_MS);
  });

  it('is free a second after the longest way of its request, however long the answer takes', async () => {
    const scene = createScene(quota);
    scene.travel = () => ({ workMs: 5_000 });
    scene.ask(many('read', 10));
    await scene.pass(0);
    await expectNextAfter(scene, LONGEST_WAY_MS + WINDOW_MS);
  });

  it('is not free sooner when the client has left: what was sent may yet arrive', async () => {
    const scene = createScene(quota);
    scene.answer = () => 'nothing';
    for (const { leave } of scene.ask(many('left', 10))) leave();
    await scene.pass(0);
    scene.answer = () => undefined;
    await expectNextAfter(scene, LONGEST_WAY_MS + WINDOW_MS);
  });

  it('is free at once if the call failed before its request was sent', async () => {
    const scene = createScene(quota);
    scene.isUnsent = () => true;
    scene.ask(many('unsent', 10));
    await scene.pass(0);
    scene.isUnsent = () => false;
    scene.ask('next');
    expect(await scene.pass(0)).toEqual(['0 next']);
  });
});

describe('a quota of 50 at full demand', () => {
  interface Api {
    /** How long a request takes to arrive that is sent at this time, in ms. */
    readonly wayMs: (ms: number, index: number) => number;
    /** How long LuaAuth works on it then. */
    readonly workMs?: (index: number) => number;
  }

  /** Reads 400 scripts at once. @returns when the requests arrived */
  async function readAll({ wayMs, workMs = () => 0 }: Api): Promise<readonly number[]> {
    const scene = createScene({ rate: 50 });
    scene.travel = (name) => {
      const index = Number(name.slice(1));
      return { wayMs: wayMs(scene.clock.now(), index), workMs: workMs(index) };
    };
    scene.ask(many('s', 400), { timeoutMs: 1e6 });
    await scene.pass(100_000);
    expect(scene.arrivals).toHaveLength(400);
    return scene.arrivals.toSorted((one, other) => one - other);
  }

  const tooClose = (arrivals: readonly number[]) =>
    arrivals.filter((at, index) => (arrivals[index + 50] ?? Infinity) - at < 1_000);

  it.each([
    ['changes up and down in steps', (ms: number) => STEPS[Math.floor(ms / 650) % STEPS.length] ?? 0],
    ['changes up and down within a second', (ms: number) => STEPS[Math.floor(ms / 130) % STEPS.length] ?? 0],
    ['changes for each request anew', (_ms: number, index: number) => STEPS[(index * 7) % STEPS.length] ?? 0],
    ['takes 700 ms, then 1 ms', (ms: number) => (ms < 5_000 ? 700 : 1)],
  ])('has no 51st arrival in any second while the way to the API %s', async (_title, wayMs) => {
    expect(tooClose(await readAll({ wayMs }))).toEqual([]);
  });

  it('is used for 29 calls a second and more where answers take up to 2.4 s', async () => {
    const arrivals = await readAll({ wayMs: () => 2, workMs: (index) => (index * 997) % 2_400 });
    const lastMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
    expect((400 / lastMs) * 1_000).toBeGreaterThanOrEqual(29);
  });

  const STEPS = [100, 1, 700, 1, 200, 700, 100, 50, 700, 50, 1, 200, 100];
});

describe('calls that wait for permits which answers keep for longer', () => {
  it('start early enough to be answered', async () => {
    const scene = createScene({ rate: 10 });
    scene.travel = () => ({ workMs: 600 });
    const timeoutMs = 3_000;
    for (let index = 0; index < 250; index += 1)
      scene.clock.after(40 * index, () => void scene.ask(`s${index}`, { timeoutMs }));
    const log = await scene.pass(40 * 250 + timeoutMs);
    const started = log.flatMap((line) => {
      const [at, ...names] = line.split(' ');
      expect(names.join(' ')).not.toContain('TimedOut');
      return names
        .filter((name) => /^s\d+$/.test(name))
        .map((name) => Number(at) - 40 * Number(name.slice(1)));
    });
    // A permit is used until a second after the answer: 10 permits in 1.6 s.
    expect(started.length).toBeGreaterThanOrEqual(50);
    expect(Math.max(...started)).toBeLessThanOrEqual(timeoutMs - 600);
  });

  it('are refused at once if their place divided by the rate is too late, else when their time is up', async () => {
    const scene = createScene({ rate: 10 });
    scene.travel = () => ({ workMs: 200 });
    const asked = { timeoutMs: 5_100 };
    scene.ask(many('first', 10), asked);
    await scene.pass(WINDOW_MS + 200);
    const began = scene.clock.now();
    for (const name of many('s', 60).split(' ')) scene.ask(name, asked);
    const log = (await scene.pass(5_100)).map((line) => line.split(' '));
    const refused = log.map(([at, ...names]) => [
      Number(at) - began,
      names.filter((name) => name.includes('RateLimited')).length,
      names.filter((name) => !name.includes(':')).length,
    ]);
    // 10 calls start at once, and 10 more after 1.2, 2.4 and 3.6 s. The estimate counts with a second for each ten.
    expect(refused).toEqual([
      [0, 12, 10],
      [1_202, 0, 10],
      [2_404, 0, 10],
      [3_606, 0, 10],
      [3_825, 8, 0],
    ]);
  });
});
