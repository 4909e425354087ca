import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import type { Api } from '../../src/luaauth/api.ts';
import { usable } from '../../src/luaauth/decoders.ts';
import { editScript, getScript } from '../../src/luaauth/scripts.ts';
import { createStateInMemory } from '../../src/state/memory.ts';
import type { State } from '../../src/state/port.ts';
import { CallFailure } from '../../src/transport/errors.ts';
import { createTransport } from '../../src/transport/transport.ts';
import { Usage } from '../../src/transport/usage.ts';
import { type Respond, startRecorder } from '../support/api/recorder.ts';
import { createManualClock, type ManualClock } from '../support/clocks/clock.ts';
import { countSent, quiet } from '../support/network/network.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { createLateState } from '../support/redis/late-state.ts';
import { createModelApi, FATES, type Lot } from './model-api.ts';

const RUNS = propertyRuns(100);
const SEED = propertySeed(20261124);

const RATE = 4;
const TOTAL_RATE = 6;
const TIMEOUTS = { read: 2_000, write: 3_000 };
const OPERATION_MS = 4_000;
const COPIES = { freshMs: 300, staleMs: 1_500 };
const UNSETTLED_MS = 100_000;
const SCRIPTS = ['a', 'b'];
const KEYS = ['key-a', 'key-b'];

type Step =
  | { readonly advanceMs: number }
  | {
      readonly ask: 'read' | 'write';
      readonly script: number;
      readonly key: number;
      readonly leaveAfterMs: number | undefined;
    };

const ask = fc.record({
  ask: fc.constantFrom('read' as const, 'read' as const, 'write' as const),
  // Mostly one script and one key: what happens to the same things meets.
  script: fc.constantFrom(0, 0, 0, 1),
  key: fc.constantFrom(0, 0, 0, 1),
  leaveAfterMs: fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat(300) },
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: ask },
  { weight: 3, arbitrary: fc.record({ advanceMs: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ advanceMs: fc.nat(1_200) }) },
);
const lot: fc.Arbitrary<Lot> = fc.record({
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant(FATES[0]) },
    { weight: 1, arbitrary: fc.constantFrom(...FATES) },
  ),
  wayMs: fc.constantFrom(0, 0, 2, 50, 100, 200),
  workMs: fc.constantFrom(0, 0, 50),
  delayMs: fc.oneof(fc.constant(0), fc.nat(400)),
});

let respond: Respond = () => undefined;
const upstream = await startRecorder((recorded, response) => respond(recorded, response));
afterAll(() => upstream.close());

it.each([
  ['in memory', createStateInMemory],
  ['that answers later', createLateState],
])(
  'with a state %s it holds its promises whatever is asked, in whatever order, and however the API behaves',
  {
    timeout: 60_000 + RUNS * 5_000,
  },
  async (_title, createState) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
        fc.array(lot, { minLength: 1, maxLength: 30, size: 'max' }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, lots, luck) => play(createState, steps, lots, luck),
      ),
      { seed: SEED, numRuns: RUNS },
    );
  },
);

async function play(
  createState: (clock: Clock) => State,
  steps: readonly Step[],
  lots: readonly Lot[],
  luck: number,
): Promise<void> {
  const clock = createManualClock();
  const model = createModelApi(clock, lots);
  respond = model.answer;
  const transport = createTransport({
    url: new URL(upstream.url),
    userAgent: 'test',
    rate: RATE,
    totalRate: TOTAL_RATE,
    ...COPIES,
    state: createState(clock),
    clock,
    random: () => luck,
  });
  const open = new Set<Promise<void>>();
  /** The highest version that a write of each script was answered with, or may have made when it failed. */
  const known = new Map<string, number>();
  const showFromNow = (id: string, [version = 0]: readonly number[]) =>
    void known.set(id, Math.max(known.get(id) ?? 0, version));
  let writes = 0;

  const apiFor = (key: string, signal: AbortSignal): Api => ({
    ask: transport.ask,
    rateLimit: () => transport.rateLimit(`account of ${key}`),
    status: () => transport.status(`account of ${key}`),
    clock,
    origin: { key, account: `account of ${key}`, caller: '' },
    usage: new Usage(),
    signal,
    timeouts: TIMEOUTS,
    deadline: clock.now() + OPERATION_MS,
    pageSizes: transport.pageSizes,
  });

  const read = async (api: Api, id: string) => {
    const least = known.get(id) ?? 0;
    const script = await getScript(api, { script_id: id });
    const [version, key] = JSON.parse(usable(script, 'name')) as [number, string];
    expect(version, 'a read shows what was written before it started').toBeGreaterThanOrEqual(least);
    expect(key, 'a read shows what its own key may see').toBe(api.origin.key);
  };

  const write = async (api: Api, id: string) => {
    writes += 1;
    const name = `write ${writes}`;
    const versionsMade = () => model.made.get(name) ?? [];
    try {
      await editScript(api, { script_id: id }, { name });
    } catch (failure) {
      expect(versionsMade().length, 'no write is carried out twice').toBeLessThanOrEqual(1);
      if ((failure as CallFailure).executed === 'no') {
        expect(versionsMade(), 'what is said not to be executed was not').toEqual([]);
      }
      showFromNow(id, versionsMade());
      throw failure;
    }
    expect(versionsMade(), 'a write that succeeds was carried out once').toHaveLength(1);
    showFromNow(id, versionsMade());
  };

  const problems: unknown[] = [];
  const start = (one: Exclude<Step, { advanceMs: number }>) => {
    const client = new AbortController();
    const api = apiFor(KEYS[one.key] as string, client.signal);
    const id = SCRIPTS[one.script] as string;
    if (one.leaveAfterMs !== undefined) clock.after(one.leaveAfterMs, () => client.abort());
    const done = (one.ask === 'read' ? read(api, id) : write(api, id))
      .catch((failure) => {
        if (!(failure instanceof CallFailure)) problems.push(failure);
      })
      .finally(() => open.delete(done));
    open.add(done);
  };

  for (const one of steps) {
    if ('advanceMs' in one) await passTime(clock, one.advanceMs);
    else start(one);
  }
  for (let waitedMs = 0; open.size > 0 && waitedMs < 2 * OPERATION_MS; waitedMs += 100) {
    await passTime(clock, 100);
  }
  expect(open.size, 'every call ends').toBe(0);
  expect(problems).toEqual([]);
  for (const key of KEYS) {
    const own = model.arrivals.filter((arrival) => arrival.key === key);
    checkWindows(own, RATE);
  }
  checkWindows(model.arrivals, TOTAL_RATE);

  // Neither a copy nor a call under way is left, once all that was kept has run out.
  await passTime(clock, UNSETTLED_MS);
  expect(clock.pending, 'no timer is left').toBe(0);
  respond = createModelApi(clock, [{ fate: 'answered', wayMs: 0, workMs: 0, delayMs: 0 }]).answer;
  const before = countSent();
  for (const id of SCRIPTS) await getScript(apiFor('key-a', new AbortController().signal), { script_id: id });
  expect(countSent() - before, 'a later read makes its own call').toBe(SCRIPTS.length);
  await transport.close();
}

/** Lets time pass in small pieces, so that what is sent arrives at the time of its sending. */
async function passTime(clock: ManualClock, ms: number): Promise<void> {
  await quiet();
  const piece = Math.max(20, ms / 50);
  for (let passed = 0; passed < ms; passed += piece) {
    const next = Math.min(piece, ms - passed);
    const somethingIsDue = clock.nextAt <= clock.now() + next;
    await clock.advance(next);
    if (somethingIsDue) await quiet();
  }
}

function checkWindows(arrivals: readonly { readonly at: number }[], rate: number): void {
  for (const [index, { at }] of arrivals.entries()) {
    const next = arrivals[index + rate];
    if (next)
      expect(next.at - at, 'no second has more arrivals than the quota').toBeGreaterThanOrEqual(1_000);
  }
}
