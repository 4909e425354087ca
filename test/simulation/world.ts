import { loadClient } from '../../src/features/redis/driver.ts';
import { usable } from '../../src/luaauth/decoders.ts';
import { editScript, getScript } from '../../src/luaauth/scripts.ts';
import { CallFailure } from '../../src/transport/errors.ts';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import { GOOD_MOOD, SimulatedApi } from './api.ts';
import { FAULTS, type Fault } from './faults.ts';
import { Follower } from './follower.ts';
import { type Defect, OPERATION_MS, SimulatedGateway, TIMEOUTS } from './gateway.ts';
import { Judge, type Violation } from './judge.ts';
import { Kernel, type Owner } from './kernel.ts';
import { type CallerPlan, type Plan, QUIET_MS } from './plan.ts';
import { Store } from './store.ts';
import { Visitors } from './visitors.ts';

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly lastLines: readonly string[];
  readonly events: number;
  readonly requests: number;
  /** Sent to the store. */
  readonly commands: number;
  /** By kind. */
  readonly operations: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
}

/** All requests that a process has sent with permits or its share have arrived, a second ago, after this time, in ms. */
const ARRIVED_MS = 2_200;
/** An answer comes this long after the time limit of its operation at the latest, in ms. */
const SPARE_MS = 1_000;
/** How often it is looked for operations without an answer, in ms. */
const LOOK_EVERY_MS = 250;

/** After all callers have left, everything is over within this time, in ms. */
const UNTIL_QUIET_MS = 12_000;
/** The quota is used again within this time after the last fault, for so long at least, in ms. */
const RECOVERS_MS = 6_000;
const RUSH_MS = 5_000;
/** Callers that follow stay for so long after all others, in ms: until each change since the last fault is late. */
const STREAMS_MS = 32_000;
/** No script is polled for longer than this after its last stream has ended, in ms. */
const POLLED_FOR_MS = 5_000;
/** A gateway that has lost the store sends with its share, and has no lease in the store any more, within this time, in ms. */
const ALONE_WITHIN_MS = 5_000;
const RUSH_CALLERS = 3;
const RUSH_READS = 8;
/** A caller that was refused waits so long, in ms. */
const REFUSED_MS = 1_000;

interface Operation {
  readonly caller: CallerPlan;
  /** Whether it needs one request alone. */
  readonly isSingle: boolean;
  /** The requests of the key that had arrived before. */
  readonly countBefore: number;
  readonly what: string;
  readonly startedAt: number;
  readonly pausedMs: number;
  readonly gateway: SimulatedGateway;
  readonly owner: Owner;
  readonly api: ReturnType<SimulatedGateway['open']>;
}

interface PlayOptions {
  readonly defect?: Defect | undefined;
  /** Ends the history at this time. */
  readonly untilMs?: number | undefined;
}

/** Plays a plan, or its beginning: the same plan gives the same history, to the last event. */
export async function play(plan: Plan, options: PlayOptions = {}): Promise<Outcome> {
  // An import takes real time.
  await loadClient();
  return new World(plan, options).play(options.untilMs);
}

class World {
  readonly #plan: Plan;
  readonly #kernel = new Kernel();
  readonly #judge: Judge;
  readonly #store: Store;
  readonly #api: SimulatedApi;
  readonly #gateways: readonly SimulatedGateway[];
  readonly #visitors: Visitors;
  readonly #followers: readonly Follower[];
  readonly #open = new Set<Operation>();
  readonly #operations: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  /** Writes of unknown outcome, by process: each is counted once more when it can no longer be carried out. */
  readonly #uncertain: Record<string, number> = {};
  #writes = 0;

  constructor(plan: Plan, { defect }: Pick<PlayOptions, 'defect'>) {
    this.#plan = plan;
    const { seed, rate } = plan;
    const kernel = this.#kernel;
    this.#judge = new Judge(kernel, { rate, mostNow: () => this.#mostNow() });
    this.#store = new Store(kernel, seed, plan.storeDrift, defect?.script);
    this.#visitors = new Visitors(kernel);
    this.#api = new SimulatedApi({
      kernel,
      seed,
      visitors: this.#visitors,
      onSending: (key, path, process) => this.#judgePoll(key, path, process),
      onArrival: (key, isForgotten) => this.#judge.arrived(key, isForgotten),
      onWrite: (name, version) => this.#judge.written(name, version),
    });
    this.#gateways = plan.gateways.map(
      (one, index) =>
        new SimulatedGateway({
          plan: one,
          name: `g${index}`,
          kernel,
          seed,
          store: this.#store,
          api: this.#api,
          rate,
          instances: plan.instances,
          defect,
        }),
    );
    const { visits, followers, faults, gateways, seconds } = plan;
    for (const one of visits) this.#visitors.begin(one, seed, (id) => this.#disconnect(id));
    this.#followers = followers.map(
      (one) =>
        new Follower({
          plan: one,
          seed,
          kernel,
          judge: this.#judge,
          visitors: this.#visitors,
          pickGateway: (random) => this.#gatewayFor(one, random, 0.3),
          faultsEnd: seconds * 1_000 - QUIET_MS,
          hasFaults: faults.length > 0 || gateways.some(({ storeLoss }) => storeLoss > 0),
          onEvent: (type) => addOne(this.#operations, `stream ${type}`),
        }),
    );
  }

  /**
   * What may arrive of a key in a second. A process that has lost Redis uses a share, at least 1 a second. Once all have lost it
   * and what they have sent before has arrived, the shares together are no more than the quota.
   */
  #mostNow(): number {
    const { rate, instances } = this.#plan;
    const lost = this.#gateways.filter((one) => one.wasLostWithin(ARRIVED_MS));
    if (this.#gateways.every((one) => one.isLostFor(ARRIVED_MS)) && instances <= rate) return rate;
    return rate + lost.length * Math.max(1, Math.floor(rate / instances));
  }

  /** Scripts are polled for streams alone. A process that stood still hears of the end of a stream when it goes on. */
  #judgePoll(key: string, path: string, process: Owner): void {
    const [, script] = /^\/scripts\/(live\d+)\/sessions/.exec(path) ?? [];
    if (script === undefined) return;
    const followed = `${key} ${script}`;
    const ends = this.#followers.flatMap((one) => (one.followed === followed ? [one.followedAt] : []));
    const since = Math.max(process.pausedUntil, ...ends);
    if (this.#kernel.now - since > POLLED_FOR_MS)
      this.#judge.report('left over', `${process.name} polls ${script} of ${key}, which no caller follows`);
  }

  /** An operation at some gateway ends a session. */
  #disconnect(id: string): void {
    for (const { key } of this.#plan.followers.slice(0, 1))
      this.#gateways.find(({ isRunning }) => isRunning)?.disconnected(key, [id]);
  }

  async play(untilMs = Number.POSITIVE_INFINITY): Promise<Outcome> {
    const plan = this.#plan;
    for (const caller of plan.callers) this.#begin(caller);
    for (const fault of plan.faults) this.#kernel.after(fault.at, () => this.#inject(fault));
    this.#look();
    const isOver = () => this.#judge.violation !== undefined;
    const endMs = plan.seconds * 1_000;
    const runUntil = (ms: number) => this.#kernel.run(Math.min(ms, untilMs), isOver);
    const recoveredAt = endMs - QUIET_MS + RECOVERS_MS;
    this.#kernel.after(recoveredAt, () => this.#judgeReturn());
    if (plan.hasRush) this.#rush(endMs);
    await runUntil(endMs);
    // Streams have to show the last changes, which takes longer than all others.
    const leftAt = plan.followers.length > 0 ? endMs + STREAMS_MS : endMs;
    if (!isOver()) await runUntil(leftAt);
    for (const follower of this.#followers) follower.leave();
    if (!isOver()) await runUntil(leftAt + UNTIL_QUIET_MS);
    if (!isOver() && untilMs > leftAt + UNTIL_QUIET_MS) this.#judgeQuiet();
    return {
      violation: this.#judge.violation,
      lastLines: this.#kernel.lastLines,
      events: this.#kernel.events,
      requests: this.#api.requests,
      commands: this.#store.commands,
      operations: this.#operations,
      faults: this.#faults,
    };
  }

  /** The faults are over. After each further loss a process waits longer before it uses the store again, up to a minute. */
  #judgeReturn(): void {
    for (const one of this.#gateways)
      if (one.losses === 1 && one.isLostFor(RECOVERS_MS))
        this.#judge.report('failure', `${one.name} does not use the store again`);
  }

  #look(): void {
    this.#kernel.after(LOOK_EVERY_MS, () => {
      const { now } = this.#kernel;
      for (const follower of this.#followers) follower.look();
      for (const one of this.#open) {
        if (one.owner.hasEnded) this.#open.delete(one);
        const stoodMs = one.gateway.pausedMs - one.pausedMs;
        const limitMs = OPERATION_MS * 1.02 + SPARE_MS + stoodMs;
        if (now - one.startedAt > limitMs && one.owner.pausedUntil < now) {
          this.#judge.report(
            'late answer',
            `${one.what} at ${one.owner.name} has none after ${Math.round(now - one.startedAt)} ms`,
          );
        }
      }
      this.#look();
    });
  }

  /** All gateways have more to do than the quota allows: then it is used, as far as it can be divided. */
  #rush(endMs: number): void {
    const kernel = this.#kernel;
    const { rate, seed } = this.#plan;
    const faultsEnd = endMs - QUIET_MS;
    let reads = 0;
    for (const gateway of this.#gateways) {
      for (let index = 0; index < RUSH_CALLERS; index += 1) {
        const name = `rush${index} ${gateway.name}`;
        const random = createSeeded(seed, name);
        const read = () => {
          if (kernel.now > endMs - OPERATION_MS / 4) return;
          const again = () => kernel.after(20 + 50 * random.next(), read);
          if (!gateway.isRunning) return void again();
          reads += 1;
          const api = gateway.open('key-a', name);
          getScript(api, { script_id: `rush${reads}` }).then(again, () => kernel.after(REFUSED_MS, read));
        };
        for (let count = 0; count < RUSH_READS; count += 1) kernel.after(faultsEnd, read);
      }
    }
    kernel.after(faultsEnd + RECOVERS_MS, () => {
      const before = this.#judge.countOf('key-a');
      // A process that was told to stop ends its operations first, which may take longer than the fault.
      const isExcused = this.#gateways.some((one) => !one.isRunning || one.runsSince > faultsEnd + SPARE_MS);
      kernel.after(RUSH_MS, () => {
        const made = ((this.#judge.countOf('key-a') - before) * 1_000) / RUSH_MS;
        kernel.log(`rush ${made} of ${rate} a second`);
        if (isExcused || this.#gateways.some((one) => one.wasLostWithin(RUSH_MS))) return;
        if (made < this.#leastUse())
          this.#judge.report('unused quota', `${made} of ${rate} requests a second arrive`);
      });
    });
  }

  /** The requests a second that are made at least while callers wait for the quota. */
  #leastUse(): number {
    const { rate, gateways } = this.#plan;
    const shares = gateways.length * Math.floor(rate / gateways.length);
    // A permit is held until its request is answered, and counts for a second from then on.
    const roundTripMs = Math.max(...gateways.map((one) => 2 * (one.apiLatencyMs + one.jitterMs)));
    const possible = shares / (1 + (roundTripMs + 2 * GOOD_MOOD.workMs) / 1_000);
    // A process fetches one permit after the other.
    const toStoreMs = Math.max(...gateways.map((one) => 2 * (one.storeLatencyMs + one.jitterMs)));
    const fetched = (gateways.length * 1_000) / toStoreMs;
    return 0.7 * Math.min(possible, fetched);
  }

  /** All callers have left: no permit, lease or timer is left. */
  #judgeQuiet(): void {
    const { model } = this.#store;
    for (const gateway of this.#gateways) {
      const timers = this.#kernel.pendingOf(gateway.owner);
      if (timers > MOST_TIMERS + (this.#uncertain[gateway.owner.name] ?? 0))
        this.#judge.report('left over', `${gateway.owner.name} has ${timers} timers`);
    }
    // A process that has ended, or lost the store, cannot give back its permits and leases. They are taken back when they are wanted.
    if (this.#gateways.some(({ starts, isLost }) => starts > 1 || isLost)) return;
    // Values of an earlier store count no more.
    const id = model.idOfStore();
    for (const key of model.keys) {
      if (key.includes(`:${id}:lease-`)) this.#judge.report('left over', `${key} is a lease`);
      const held = key.includes(`:${id}:quota`) ? model.zall(key).filter(([, at]) => at > model.now) : [];
      if (held.length > 0) this.#judge.report('left over', `${key} has ${held.length} permits`);
    }
  }

  /** A caller asks, waits for the answer, thinks, and asks again. */
  #begin(caller: CallerPlan): void {
    const random = createSeeded(this.#plan.seed, 'caller', caller.name);
    const next = () => {
      if (this.#kernel.now >= caller.leavesAt) return;
      const gateway = this.#gatewayFor(caller, random);
      if (!gateway) return void this.#kernel.after(100, next);
      const { owner } = gateway;
      let isOver = false;
      const over = () => {
        if (isOver) return;
        isOver = true;
        this.#kernel.after(-Math.log(1 - random.next()) * caller.thinkMs, next);
      };
      // The answer never comes from a process that has ended.
      this.#kernel.after(OPERATION_MS + 2 * SPARE_MS, over);
      this.#kernel.after(0, () => void this.#ask(gateway, caller, random).then(over), owner, 'socket');
    };
    this.#kernel.after(caller.joinsAt + random.next() * caller.thinkMs, next);
  }

  /** Mostly the same one; a caller goes elsewhere when that does not run. */
  #gatewayFor(
    { gateway }: Pick<CallerPlan, 'gateway'>,
    random: Seeded,
    elsewhere = 0.1,
  ): SimulatedGateway | undefined {
    const usual = this.#gateways[gateway];
    if (usual?.isRunning && !random.chance(elsewhere)) return usual;
    const others = this.#gateways.filter(({ isRunning }) => isRunning);
    return others.length > 0 ? random.pick(others) : undefined;
  }

  async #ask(gateway: SimulatedGateway, caller: CallerPlan, random: Seeded): Promise<void> {
    const script = `s${random.below(caller.scripts)}`;
    const kind = random.chance(caller.writes)
      ? random.chance(0.2)
        ? 'both'
        : 'write'
      : random.chance(0.1)
        ? 'burst'
        : 'read';
    if (!gateway.isRunning) return;
    const operation: Operation = {
      caller,
      isSingle: kind === 'read' || kind === 'write',
      countBefore: this.#judge.countOf(caller.key),
      what: `${caller.name} ${kind} ${script}`,
      startedAt: this.#kernel.now,
      pausedMs: gateway.pausedMs,
      gateway,
      owner: gateway.owner,
      api: gateway.open(caller.key, caller.name),
    };
    this.#open.add(operation);
    let end = 'ok';
    try {
      switch (kind) {
        case 'read':
          await this.#read(operation, [script]);
          break;
        case 'burst': {
          const count = 2 + random.below(caller.burst);
          await this.#read(
            operation,
            Array.from({ length: count }, () => `s${random.below(caller.scripts)}`),
          );
          break;
        }
        case 'write':
          await this.#write(operation, script);
          break;
        case 'both':
          for (const _turn of [1, 2]) {
            await this.#write(operation, script);
            await this.#read(operation, [script]);
          }
      }
    } catch (failure) {
      end = failure instanceof CallFailure ? failure.name : 'error';
      if (!(failure instanceof CallFailure))
        this.#judge.report('unexpected error', `${operation.what}: ${(failure as Error).stack ?? failure}`);
    }
    this.#open.delete(operation);
    this.#judgeEnd(operation, end);
    const name = `${kind} ${end}`;
    addOne(this.#operations, name);
    this.#kernel.log(`${operation.owner.name} ${operation.what} ${end}`);
  }

  /** Without faults, and with less to do than the quota allows, nothing fails. */
  #judgeEnd(
    { caller, countBefore, startedAt, what, gateway, owner, isSingle }: Operation,
    end: string,
  ): void {
    const { seconds, hasRush } = this.#plan;
    const faultsEnd = seconds * 1_000 - QUIET_MS;
    if (startedAt < faultsEnd + RECOVERS_MS || owner.hasEnded || end === 'ok') return;
    // Requests without an answer may use the whole share for 10 s. The probe of the circuit breaker then waits for a permit.
    if (end === 'Unavailable' && gateway.wasLostWithin(TIMEOUTS.read)) return;
    // A burst may need more of the quota than there is.
    if (end === 'RateLimited' || (end === 'TimedOut' && (hasRush || !isSingle))) return;
    // A gateway that loses the store sends nothing until its share is free. Others wait for what it reads until its lease ends.
    if (end === 'TimedOut' && this.#gateways.some((one) => one.lostAt > startedAt - ALONE_WITHIN_MS)) return;
    // While the quota is in use, a read may wait for the call of one process after another.
    const made = ((this.#judge.countOf(caller.key) - countBefore) * 1_000) / (this.#kernel.now - startedAt);
    if (end === 'TimedOut' && made >= this.#leastUse()) return;
    this.#judge.report('failure', `${what} at ${owner.name} ends with ${end}, although all faults are over`);
  }

  async #read({ caller, owner, api }: Operation, scripts: readonly string[]): Promise<void> {
    const least = scripts.map((script) => this.#judge.leastOf(`${caller.key} ${script}`));
    const results = await Promise.allSettled(
      scripts.map(async (script, index) => {
        const version = Number(usable(await getScript(api, { script_id: script }), 'name'));
        if (!api.usage.isLost)
          this.#judge.shown(script, version, least[index] ?? 0, `${caller.name} at ${owner.name}`);
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #write({ caller, owner, api }: Operation, script: string): Promise<void> {
    this.#writes += 1;
    const name = `w${this.#writes}`;
    try {
      await editScript(api, { script_id: script }, { name });
      if (!api.usage.isLost) this.#judge.acknowledged(`${caller.key} ${script}`, name);
    } catch (failure) {
      const { executed } = failure as Partial<CallFailure>;
      if (executed === 'no') this.#judge.notExecuted(name);
      if (executed === 'unknown') addOne(this.#uncertain, owner.name);
      throw failure;
    }
  }

  #inject(fault: Fault): void {
    const { kind, forMs, lot } = fault;
    const [, , inject] = FAULTS[kind];
    const gateway = this.#gateways[fault.gateway] as SimulatedGateway;
    addOne(this.#faults, kind);
    this.#kernel.log(`fault ${kind} ${gateway.owner.name} for ${Math.round(forMs)} ms`);
    inject({ kernel: this.#kernel, store: this.#store, api: this.#api, gateway }, forMs, lot);
  }
}

/** An idle gateway has what waits for an answer of the store. */
const MOST_TIMERS = 4;

function addOne(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
