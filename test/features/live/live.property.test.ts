import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaults } from '../../../src/config/config.ts';
import { createLive, type LiveSessions } from '../../../src/features/live/live.ts';
import type { NumberedEvent } from '../../../src/features/live/live-event.ts';
import type { LiveStream } from '../../../src/features/live/live-stream.ts';
import { createTransport, type Transport } from '../../../src/transport/transport.ts';
import { createLiveApi } from '../../support/api/live-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { propertyRuns, propertySeed } from '../../support/random/property-runs.ts';

const numRuns = Math.min(1_000, propertyRuns(30));
const seed = propertySeed(42);

const clock = createManualClock();
let api = createLiveApi();
let recorder: Awaited<ReturnType<typeof startRecorder>>;
let transport: Transport;
let inFlight = 0;

beforeAll(async () => {
  recorder = await startRecorder((recorded, response) => api.respond(recorded, response));
  transport = createTransport({
    url: new URL(recorder.url),
    userAgent: 'luaauth-graphql/test',
    clock,
    random: () => 0,
    observer: {
      requested() {
        inFlight += 1;
        return () => {
          inFlight -= 1;
        };
      },
    },
  });
});
afterAll(async () => {
  await transport.close();
  await recorder.close();
});

/** Applies events as they are documented, and finds what contradicts what it knows. */
class Subscriber {
  readonly #live: LiveSessions;
  readonly #scriptId: string;
  readonly #place: number | undefined;
  #stream: LiveStream;
  #cursor: string | undefined;
  #sequence = 0;
  #isReading = false;
  readonly known = new Set<string>();

  constructor(live: LiveSessions, scriptId: string, place: number | undefined) {
    this.#live = live;
    this.#scriptId = scriptId;
    this.#place = place;
    this.#stream = this.#subscribe();
  }

  #subscribe(): LiveStream {
    return this.#live.subscribe(
      // Each run has an account of its own: the longest page learnt is not for the next run.
      { key: 'key', account: this.#scriptId, caller: 'anyone' },
      {
        scriptId: this.#scriptId,
        isWanted: ({ place_id }) => this.#place === undefined || place_id === this.#place,
        after: this.#cursor,
      },
    );
  }

  /** Takes what there is, as soon as there is something. */
  read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const stream = this.#stream;
    void stream.next().then(({ value }) => {
      if (stream !== this.#stream) return;
      this.#isReading = false;
      if (value) this.#apply(value);
      // Its time is up.
      else void this.reconnect();
    });
  }

  /** Its connection breaks: it goes on from what it has. */
  async reconnect(): Promise<void> {
    await this.#stream.return();
    this.#isReading = false;
    this.#sequence = 0;
    this.#stream = this.#subscribe();
  }

  leave(): void {
    void this.#stream.return();
  }

  expected(): string[] {
    const users = api.users.get(this.#scriptId) ?? [];
    return users
      .filter(({ place_id }) => this.#place === undefined || place_id === this.#place)
      .map(({ id }) => id);
  }

  #apply(event: NumberedEvent): void {
    expect(event.sequence).toBe(this.#sequence + 1);
    this.#sequence = event.sequence;
    this.#cursor = event.cursor;
    if (event.type === 'SessionsSnapshot') {
      const ids = event.sessions.map(({ id }) => String(id));
      expect(new Set(ids).size).toBe(ids.length);
      this.known.clear();
      for (const id of ids) this.known.add(id);
    } else if (event.type === 'SessionsChange') {
      for (const { id } of event.appeared) {
        expect(this.known.has(String(id))).toBe(false);
        this.known.add(String(id));
      }
      for (const { id } of event.disappeared) expect(this.known.delete(String(id))).toBe(true);
    }
  }
}

/** A step of a run. */
type Step =
  | { readonly do: 'connect' | 'leave' | 'shift'; readonly count: number; readonly at: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'fail' | 'recover' }
  | { readonly do: 'read' | 'reconnect'; readonly who: number };

const SUBSCRIBERS = 4;
const count = fc.integer({ min: 1, max: 6 });
const who = fc.integer({ min: 0, max: SUBSCRIBERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('connect', 'leave', 'shift'), count, at: fc.nat(20) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 500, max: 8_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail', 'recover') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('read', 'reconnect'), who }) },
);

describe('a subscriber who applies what a stream tells', () => {
  it('ends with who is connected, and never sees anybody twice, however lists shift and answers fail', {
    timeout: 60_000 + numRuns * 2_000,
  }, async () => {
    let runs = 0;
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.integer({ min: 2, max: 8 }),
      async (steps, cap) => {
        runs += 1;
        await follow(`script-${runs}`, steps, cap);
      },
    );
    await fc.assert(property, { numRuns, seed });
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
}

/** Lets time pass; it stands still while a call is under way, and while what follows from its answer happens. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(Math.min(500, left));
    do await turns(10);
    while (inFlight > 0);
  }
}

it('gives a slow subscriber all changes, beside a fast one that has read them one by one', async () => {
  api = createLiveApi();
  const live = createLive({
    onUnexpected: () => undefined,
    transport,
    timeouts: { read: 5_000, write: 5_000 },
    limits: { ...defaults.live, rate: 0 },
  });
  const origin = { key: 'key', account: 'slow', caller: 'anyone' };
  const open = () => live.subscribe(origin, { scriptId: 's', isWanted: () => true, after: undefined });
  const [fast, slow] = [open(), open()];
  api.connect('s', 'a');
  const taken: unknown[] = [];
  const take = async (...streams: LiveStream[]) => {
    const next = Promise.all(streams.map((stream) => stream.next()));
    await pass(4_000);
    for (const { value } of await next)
      taken.push(value?.type === 'SessionsChange' ? value.appeared.map(({ id }) => id) : value?.type);
  };
  // Both begin with the same state, whose differences they share.
  await take(fast, slow);
  for (const user of ['b', 'c']) {
    api.connect('s', user);
    await take(fast);
  }
  await take(slow);
  expect(taken).toEqual(['SessionsSnapshot', 'SessionsSnapshot', ['b'], ['c'], ['b', 'c']]);
  live.endAll();
});

async function follow(scriptId: string, steps: readonly Step[], cap: number): Promise<void> {
  api = createLiveApi({ cap });
  let made = 0;
  const live = createLive({
    onUnexpected: () => undefined,
    transport,
    timeouts: { read: 5_000, write: 5_000 },
    limits: { ...defaults.live, rate: 0, maxLifetimeMs: 17_000 },
    today: () => 1_000_000 + clock.now(),
  });
  const connect = (more: number, at: number) => {
    const users = [...(api.users.get(scriptId) ?? [])];
    for (let index = 0; index < more; index += 1) {
      made += 1;
      users.splice(Math.min(at, users.length), 0, {
        id: `u${made}`,
        user_key: 'k',
        script_id: scriptId,
        roblox_id: made,
        place_id: made % 2,
        job_id: 'j',
        created_at: 1,
      });
    }
    api.users.set(scriptId, users);
  };
  const leave = (fewer: number, at: number) => {
    const users = [...(api.users.get(scriptId) ?? [])];
    users.splice(Math.min(at, users.length), fewer);
    api.users.set(scriptId, users);
  };
  connect(7, 0);
  const subscribers = [undefined, undefined, 0, 1].map((place) => new Subscriber(live, scriptId, place));
  for (const one of steps) {
    if (one.do === 'connect') connect(one.count, one.at);
    else if (one.do === 'leave') leave(one.count, one.at);
    else if (one.do === 'shift') {
      api.beforePage = (from) => {
        if (from === 0) return;
        api.beforePage = () => undefined;
        if (one.at % 2 === 0) connect(one.count, 0);
        else leave(one.count, 0);
      };
    } else if (one.do === 'pass') await pass(one.ms);
    else if (one.do === 'fail') api.trouble = (_recorded, response) => void response.writeHead(503).end();
    else if (one.do === 'recover') api.trouble = undefined;
    else if ('who' in one) await subscribers[one.who]?.[one.do]();
  }
  api.trouble = undefined;
  api.beforePage = () => undefined;
  // Everybody reads again, and a few polls tell what is certain.
  for (let round = 0; round < 12; round += 1) {
    for (const subscriber of subscribers) subscriber.read();
    await pass(10_000);
  }
  for (const subscriber of subscribers)
    expect([...subscriber.known].sort()).toEqual(subscriber.expected().sort());
  for (const subscriber of subscribers) subscriber.leave();
  live.endAll();
}
