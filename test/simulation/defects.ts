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
    script: (twin, run, args) => {
      return run(twin, twin.sha === LOOK_UP.sha ? args.with(4, '60000') : args);
    },
  },
  'a new store is not noticed': {
    script: changing(ENTER, (args) => args.with(1, 'always the same')),
  },
  'a generation is read before the write': {
    state: (state, now) => withSnapshots(state, rememberingReads(now)),
  },
  'an acknowledged write is forgotten': {
    state: (state) =>
      withSnapshots(state, (open) => ({
        read: (resource) => open.read(resource),
        wrote: () => true,
      })),
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

function withQuotas(state: TransportState, change: (quota: Quota) => Quota): TransportState {
  const { quotas } = state;
  return { ...state, quotas: { open: (...args) => change(quotas.open(...args)) } };
}

function withPermits(state: TransportState, change: (permit: Permit) => Permit): TransportState {
  return withQuotas(state, (quota) => ({
    take(isBackground) {
      const taken = quota.take(isBackground);
      const given = (permit: Permit | number) => (typeof permit === 'number' ? permit : change(permit));
      return taken instanceof Promise ? taken.then(given) : given(taken);
    },
    etaMs: (ahead, isBackground) => quota.etaMs(ahead, isBackground),
    status: () => quota.status(),
    isIdle: () => quota.isIdle(),
  }));
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

const REMEMBERED_MS = 300;

/** Takes the answer of the last 300 ms, of any operation, instead of asking. */
function rememberingReads(now: () => number): (open: Snapshot) => Snapshot {
  const known = new Map<string, { readonly at: number; readonly generation: ReturnType<Snapshot['read']> }>();
  return (open) => ({
    read(resource) {
      const last = known.get(resource);
      if (last && now() - last.at < REMEMBERED_MS) return last.generation;
      const generation = open.read(resource);
      known.set(resource, { at: now(), generation });
      return generation;
    },
    wrote: (resources) => open.wrote(resources),
  });
}

type MakeLive = typeof createLive;
type Stream = ReturnType<ReturnType<MakeLive>['subscribe']>;
type StreamEvent = NonNullable<Awaited<ReturnType<Stream['next']>>['value']>;

/** Changes what a process does with a new stream. */
function withStreams(
  make: MakeLive,
  change: (stream: Stream, scriptId: string, after: string | undefined) => void,
): MakeLive {
  return (options) => {
    const live = make(options);
    return {
      ...live,
      subscribe(origin, wanted) {
        const stream = live.subscribe(origin, wanted);
        change(stream, wanted.scriptId, wanted.after);
        return stream;
      },
    };
  };
}

/** Leaves out some events. The others have the numbers of a stream that is whole. */
function leaveOut(stream: Stream, isLeftOut: (event: StreamEvent) => boolean): void {
  const next = stream.next.bind(stream);
  let leftOut = 0;
  stream.next = async () => {
    for (;;) {
      const taken = await next();
      if (!taken.value) return taken;
      const { value } = taken;
      if (!isLeftOut(value)) return { done: false, value: { ...value, sequence: value.sequence - leftOut } };
      leftOut += 1;
    }
  };
}

function losingThirdChange(make: MakeLive): MakeLive {
  return withStreams(make, (stream) => {
    let changes = 0;
    leaveOut(stream, ({ type }) => {
      if (type !== 'SessionsChange') return false;
      changes += 1;
      return changes === 3;
    });
  });
}

function neverLeaving(make: MakeLive): MakeLive {
  return withStreams(make, (stream) => {
    stream.return = async () => ({ value: undefined, done: true });
  });
}
