import type { createLive } from '../../src/features/live/live.ts';
import type { Demand, Permit, Quota, SharedCache, Snapshot, State } from '../../src/state/port.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { Defect } from './gateway.ts';

/** Defects of the product that the simulation has to find: each changes one part of each gateway. */
export const DEFECTS = {
  'a permit is not released': {
    state: (state) => withPermits(state, forgettingSome()),
  },
  'an arrival is booked at the sending': {
    state: (state) => withPermits(state, bookAtSending),
  },
  'a heartbeat is trusted for too long': {
    script: replaced('now - 1001,', 'now - 60000,'),
  },
  'a lease is kept after a stall': {
    state: (state, now) => ({ ...state, shared: state.shared && keepingLeases(state.shared, now) }),
  },
  'a generation is read before the write': {
    state: (state, now) => withSnapshots(state, rememberingReads(now)),
  },
  'permits are taken without the version': {
    script: replaced(
      "if (found[1] or '') ~= version then",
      "if (found[1] or '') ~= version and (version == '' or not string.match(record, ':quota')) then",
    ),
  },
  'a share grows too early': {
    script: replaced(
      "redis.call('HGETALL', instances)",
      "{ instance, redis.call('HGET', instances, instance) or '' }",
    ),
  },
  'a newcomer has no turn': {
    state: (state, now) => withDemand(state, hidingNewcomers(now)),
  },
  'a clock goes back': {
    clock: (clock) => ({
      ...clock,
      now: () => clock.now() - 3_000 * Math.floor(clock.now() / 10_000),
    }),
  },
  'an acknowledged write is forgotten': {
    state: (state) =>
      withSnapshots(state, (open) => ({
        read: (resource) => open.read(resource),
        write: () => ({ isLost: false, end() {} }),
      })),
  },
  'a change is lost when the poller changes': { live: losingAtNewPoller },
  'a resumed stream repeats a change': { live: resumingTooEarly },
  'a resumed stream leaves a change out': { live: losingAtResume },
  'a script is polled after its last stream': { live: neverLeaving },
} as const satisfies Record<string, Defect>;

export type DefectName = keyof typeof DEFECTS;

/** Replaces a part of the script that has it. */
function replaced(part: string, by: string): (source: string) => string {
  return (source) => source.replace(part, () => by);
}

function withQuotas(state: State, change: (quota: Quota) => Quota): State {
  const { quotas } = state;
  return { ...state, quotas: { open: (...args) => change(quotas.open(...args)) } };
}

function withPermits(state: State, change: (permit: Permit) => Permit): State {
  return withQuotas(state, (quota) => ({
    ...quota,
    take(demand, isBackground) {
      const taken = quota.take(demand, isBackground);
      const given = (permit: Permit | number) => (typeof permit === 'number' ? permit : change(permit));
      return taken instanceof Promise ? taken.then(given) : given(taken);
    },
  }));
}

function withDemand(state: State, change: (demand: Demand) => Demand): State {
  return withQuotas(state, (quota) => ({
    ...quota,
    take: (demand, isBackground) => quota.take(change(demand), isBackground),
  }));
}

function withSnapshots(state: State, change: (open: Snapshot) => Snapshot): State {
  const { generations } = state;
  return { ...state, generations: { snapshot: (account) => change(generations.snapshot(account)) } };
}

/** Each 20th permit is given to the request, and its end is not told. */
function forgettingSome(): (permit: Permit) => Permit {
  let taken = 0;
  return (permit) => {
    taken += 1;
    return taken % 20 === 0 ? { sent() {}, answered() {}, release() {} } : permit;
  };
}

function bookAtSending(permit: Permit): Permit {
  return {
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
    write: (...args) => open.write(...args),
  });
}

const KEPT_MS = 60_000;

/** Once another process has had the lease of an entry, its end is not believed for a minute. */
function keepingLeases(shared: SharedCache, now: () => number): SharedCache {
  const kept = new Map<string, number>();
  return {
    async lookUp(account, key, lookup) {
      const found = await shared.lookUp(account, key, lookup);
      if (!found.lease) {
        if (found.isFreshEnough) kept.delete(key);
        else if (!kept.has(key)) kept.set(key, now());
        return found;
      }
      if (now() - (kept.get(key) ?? Number.NEGATIVE_INFINITY) > KEPT_MS) return found;
      return { ...found, lease: undefined };
    },
  };
}

const NEW_AFTER_MS = 5_000;

/** Does not tell of callers that came later than 5 s after the start. */
function hidingNewcomers(now: () => number): (demand: Demand) => Demand {
  const startedAt = now();
  const known = new Set<string>();
  return (demand) => ({
    size: demand.size,
    *byCaller() {
      for (const one of demand.byCaller()) {
        if (now() - startedAt < NEW_AFTER_MS) known.add(one[0]);
        if (known.has(one[0])) yield one;
      }
    },
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

/** The process that has polled a script last, by script. */
const pollers = new Map<string, object>();

/** The first change that a process tells its streams after it has taken over the polls of another process is left out. */
function losingAtNewPoller(make: MakeLive): MakeLive {
  const own = {};
  const told = new Map<Stream, string>();
  const due = new Set<Stream>();
  const watched = withStreams(make, (stream, scriptId) =>
    leaveOut(stream, (event) => {
      told.set(stream, scriptId);
      return event.type === 'SessionsChange' && due.delete(stream);
    }),
  );
  return (options) => {
    const { transport } = options;
    const ask: Transport['ask'] = (call, options) => {
      const { script_id: scriptId = '' } = call.params;
      if (pollers.get(scriptId) !== own)
        for (const [stream, script] of told) if (script === scriptId) due.add(stream);
      pollers.set(scriptId, own);
      return transport.ask(call, options);
    };
    return watched({ ...options, transport: { ...transport, ask } });
  };
}

/** A stream goes on from the event before the event that its subscriber has had. */
function resumingTooEarly(make: MakeLive): MakeLive {
  const before = new Map<string, string>();
  const watched = withStreams(make, (stream) => {
    let last: string | undefined;
    leaveOut(stream, ({ cursor }) => {
      if (last !== undefined && last !== cursor) before.set(cursor, last);
      last = cursor;
      return false;
    });
  });
  return (options) => {
    const live = watched(options);
    return {
      ...live,
      subscribe: (origin, { after = '', ...wanted }) =>
        live.subscribe(origin, { ...wanted, after: before.get(after) ?? (after || undefined) }),
    };
  };
}

function losingAtResume(make: MakeLive): MakeLive {
  return withStreams(make, (stream, _scriptId, after) => {
    let isFirst = true;
    leaveOut(stream, ({ type }) => {
      const isLeftOut = isFirst && after !== undefined && type === 'SessionsChange';
      isFirst &&= type === 'SessionsDelay';
      return isLeftOut;
    });
  });
}

function neverLeaving(make: MakeLive): MakeLive {
  return withStreams(make, (stream) => {
    stream.return = async () => ({ value: undefined, done: true });
  });
}
