import { whenKnown } from '../../src/base/maybe-promise.ts';
import type { createLive } from '../../src/features/live/live.ts';
import type { LuaScript } from '../../src/features/redis/client.ts';
import { LOOK_UP } from '../../src/features/redis/shared-cache.ts';
import { ENTER } from '../../src/features/redis/store.ts';
import type { Permit, Quota, Snapshot } from '../../src/state/port.ts';
import type { TransportState } from '../../src/transport/shared-state.ts';
import type { Defect } from './gateway.ts';

/** Defects of the product that the simulation has to find: each changes one part of each gateway. */
export const DEFECTS = {
  'an arrival is never told': {
    state: (state) => withPermits(state, forgettingSome()),
  },
  'an arrival is booked at the sending': {
    state: (state) => withPermits(state, bookAtSending),
  },
  'a share is larger than its part': { instances: 1 },
  'a lease of a process that has ended goes on': {
    script: changing(LOOK_UP, (args) => args.with(4, '60000')),
  },
  'a new store is not noticed': {
    script: changing(ENTER, (args) => args.with(1, 'always the same')),
  },
  'an acknowledged write is forgotten': {
    state: (state) =>
      withSnapshots(state, (open) => ({ read: (name) => open.read(name), wrote: () => true })),
  },
  'a stream leaves out its third change': { live: losingThirdChange },
  'a script is polled after its last stream': { live: neverLeaving },
} as const satisfies Record<string, Defect>;

export type DefectName = keyof typeof DEFECTS;

/** Changes the arguments of a script. */
function changing(
  script: LuaScript,
  change: (args: readonly string[]) => readonly string[],
): NonNullable<Defect['script']> {
  return (twin, run, args) => run(twin, twin.sha === script.sha ? change(args) : args);
}

function withPermits(state: TransportState, change: (permit: Permit) => Permit): TransportState {
  const changed = (quota: Quota): Quota => ({
    take: (isBackground) =>
      whenKnown(quota.take(isBackground), (taken) => (typeof taken === 'number' ? taken : change(taken))),
    outlook: () => quota.outlook(),
    status: () => quota.status(),
    isIdle: () => quota.isIdle(),
  });
  return { ...state, quotas: { open: (...args) => changed(state.quotas.open(...args)) } };
}

function withSnapshots(state: TransportState, change: (open: Snapshot) => Snapshot): TransportState {
  const { generations } = state;
  return { ...state, generations: { snapshot: (account) => change(generations.snapshot(account)) } };
}

/** Every second permit is given to the request, and its end is not told. */
function forgettingSome(): (permit: Permit) => Permit {
  let taken = 0;
  return (permit) => {
    taken += 1;
    return taken % 2 === 0 ? { mayBeUsed: true, sent() {}, answered() {}, release() {} } : permit;
  };
}

function bookAtSending(permit: Permit): Permit {
  return {
    get mayBeUsed() {
      return permit.mayBeUsed;
    },
    sent() {
      permit.sent();
      permit.answered();
    },
    answered() {},
    release: () => permit.release(),
  };
}

type MakeLive = typeof createLive;
type Stream = ReturnType<ReturnType<MakeLive>['subscribe']>;

/** Changes what a process does with a new stream. */
function withStreams(make: MakeLive, change: (stream: Stream) => void): MakeLive {
  return (options) => {
    const live = make(options);
    return {
      ...live,
      subscribe(origin, wanted) {
        const stream = live.subscribe(origin, wanted);
        change(stream);
        return stream;
      },
    };
  };
}

/** The events after the third change have the numbers of a stream that is whole. */
function losingThirdChange(make: MakeLive): MakeLive {
  return withStreams(make, (stream) => {
    const next = stream.next.bind(stream);
    let changes = 0;
    stream.next = async () => {
      const { value } = await next();
      if (!value) return { value, done: true };
      if (value.type === 'SessionsChange') changes += 1;
      if (value.type === 'SessionsChange' && changes === 3) return stream.next();
      return { value: { ...value, sequence: value.sequence - (changes < 3 ? 0 : 1) }, done: false };
    };
  });
}

function neverLeaving(make: MakeLive): MakeLive {
  return withStreams(make, (stream) => {
    stream.return = async () => ({ value: undefined, done: true });
  });
}
