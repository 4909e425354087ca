import { createHash } from 'node:crypto';
import { loadClient } from '../../src/features/redis/driver.ts';
import { usable } from '../../src/luaauth/decoders.ts';
import { editScript, getScript } from '../../src/luaauth/scripts.ts';
import { CallFailure } from '../../src/transport/errors.ts';
import { createSeeded, type Seeded } from '../support/seeded.ts';
import { GOOD_MOOD, type Mood, SimulatedApi } from './api.ts';
import { type Defect, OPERATION_MS, SimulatedGateway } from './gateway.ts';
import { Judge, type Violation } from './judge.ts';
import { Kernel } from './kernel.ts';
import { createLink, type Link, type Way } from './network.ts';
import type { CallerPlan, Fault, FaultKind, Plan } from './plan.ts';
import { Store } from './store.ts';

export interface Outcome {
  readonly digest: string;
  readonly violation: Violation | undefined;
  readonly lastLines: readonly string[];
  readonly events: number;
  readonly requests: number;
  readonly commands: number;
  readonly bytes: number;
  /** By kind. */
  readonly operations: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
}

/** An answer comes this long after the time limit of its operation at the latest, in ms. */
const SPARE_MS = 1_000;
/** How often it is looked for operations without an answer, in ms. */
const LOOK_EVERY_MS = 250;

interface Operation {
  readonly what: string;
  readonly startedAt: number;
  readonly pausedMs: number;
  readonly gateway: SimulatedGateway;
  readonly owner: SimulatedGateway['owner'];
}

/** Plays a plan: the same plan gives the same history, to the last event. */
export async function play(plan: Plan, defect?: Defect): Promise<Outcome> {
  // An import takes real time.
  await loadClient();
  return new World(plan, defect).play();
}

class World {
  readonly #plan: Plan;
  readonly #kernel = new Kernel();
  readonly #judge: Judge;
  readonly #store: Store;
  readonly #api: SimulatedApi;
  readonly #gateways: readonly SimulatedGateway[];
  readonly #open = new Set<Operation>();
  readonly #operations: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};
  /** Moods of the API, the last one counts. */
  #moods: Mood[] = [];
  #writes = 0;

  constructor(plan: Plan, defect: Defect | undefined) {
    this.#plan = plan;
    const { seed, rate } = plan;
    const kernel = this.#kernel;
    this.#judge = new Judge(kernel, rate);
    this.#store = new Store(kernel, seed, plan.storeDrift);
    this.#api = new SimulatedApi({
      kernel,
      seed,
      onArrival: (key) => this.#judge.arrived(key),
      onWrite: (_script, name, version) => this.#judge.written(name, version),
    });
    this.#gateways = plan.gateways.map(
      ({ drift, storeLatencyMs, apiLatencyMs, jitterMs, loss }, index) =>
        new SimulatedGateway({
          kernel,
          seed,
          name: `g${index}`,
          store: this.#store,
          api: this.#api,
          rate,
          drift,
          toStore: createLink(storeLatencyMs, jitterMs, loss),
          toApi: createLink(apiLatencyMs, jitterMs, loss),
          defect,
        }),
    );
  }

  async play(): Promise<Outcome> {
    const plan = this.#plan;
    for (const caller of plan.callers) this.#begin(caller);
    for (const fault of plan.faults) this.#kernel.after(fault.at, () => this.#inject(fault));
    this.#look();
    if (plan.faults.some(({ kind }) => kind === 'store fails over')) this.#store.replicate();
    await this.#kernel.run(plan.seconds * 1_000, () => this.#judge.violation !== undefined);
    const { commands, bytes } = this.#store;
    return {
      digest: this.#kernel.digest(),
      violation: this.#judge.violation,
      lastLines: this.#kernel.lastLines,
      events: this.#kernel.events,
      requests: this.#api.requests,
      commands,
      bytes,
      operations: this.#operations,
      faults: this.#faults,
    };
  }

  #look(): void {
    this.#kernel.after(LOOK_EVERY_MS, () => {
      const { now } = this.#kernel;
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
  #gatewayFor({ gateway }: CallerPlan, random: Seeded): SimulatedGateway | undefined {
    const usual = this.#gateways[gateway];
    if (usual?.isRunning && !random.chance(0.1)) return usual;
    const others = this.#gateways.filter(({ isRunning }) => isRunning);
    return others.length > 0 ? random.pick(others) : undefined;
  }

  async #ask(gateway: SimulatedGateway, caller: CallerPlan, random: Seeded): Promise<void> {
    const script = `s${random.below(caller.scripts)}`;
    const kind = random.chance(caller.writes)
      ? 'write'
      : random.chance(0.1)
        ? 'burst'
        : random.chance(0.03)
          ? 'document'
          : 'read';
    if (!gateway.isRunning) return;
    const operation: Operation = {
      what: `${caller.name} ${kind} ${script}`,
      startedAt: this.#kernel.now,
      pausedMs: gateway.pausedMs,
      gateway,
      owner: gateway.owner,
    };
    this.#open.add(operation);
    let end = 'ok';
    try {
      if (kind === 'write') await this.#write(gateway, caller, script);
      else if (kind === 'document') await this.#register(gateway, caller, random);
      else if (kind === 'read') await this.#read(gateway, caller, [script]);
      else {
        const scripts = Array.from(
          { length: 2 + random.below(20) },
          () => `s${random.below(caller.scripts)}`,
        );
        await this.#read(gateway, caller, scripts);
      }
    } catch (failure) {
      end = failure instanceof CallFailure ? failure.name : 'error';
      if (!(failure instanceof CallFailure))
        this.#judge.report('unexpected error', `${operation.what}: ${(failure as Error).stack ?? failure}`);
    }
    this.#open.delete(operation);
    const name = `${kind} ${end}`;
    this.#operations[name] = (this.#operations[name] ?? 0) + 1;
    this.#kernel.log(`${operation.owner.name} ${operation.what} ${end}`);
  }

  async #read(gateway: SimulatedGateway, caller: CallerPlan, scripts: readonly string[]): Promise<void> {
    const api = gateway.open(caller.key, caller.name);
    const least = scripts.map((script) => this.#judge.leastOf(`${caller.key} ${script}`));
    const { name } = gateway.owner;
    const results = await Promise.allSettled(
      scripts.map(async (script, index) => {
        const version = Number(usable(await getScript(api, { script_id: script }), 'name'));
        if (!api.usage.isUncoordinated)
          this.#judge.shown(script, version, least[index] ?? 0, `${caller.name} at ${name}`);
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #write(gateway: SimulatedGateway, caller: CallerPlan, script: string): Promise<void> {
    this.#writes += 1;
    const name = `w${this.#writes}`;
    const api = gateway.open(caller.key, caller.name);
    try {
      await editScript(api, { script_id: script }, { name });
      if (!api.usage.isUncoordinated) this.#judge.acknowledged(`${caller.key} ${script}`, name);
    } catch (failure) {
      if ((failure as Partial<CallFailure>).executed === 'no') this.#judge.notExecuted(name);
      throw failure;
    }
  }

  /** A document that is found is the right one: another would be dropped. */
  async #register(gateway: SimulatedGateway, caller: CallerPlan, random: Seeded): Promise<void> {
    const document = `{ document${random.below(20)} }`;
    const hash = createHash('sha256').update(document).digest('hex');
    const documents = gateway.state?.documents;
    const found = await documents?.get(`account of ${caller.key}`, hash);
    if (found === undefined) await documents?.set(`account of ${caller.key}`, hash, document);
  }

  #inject({ kind, forMs, gateway: index, lot }: Fault): void {
    const kernel = this.#kernel;
    const store = this.#store;
    const gateway = this.#gateways[index % this.#gateways.length] as SimulatedGateway;
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    kernel.log(`fault ${kind} ${gateway.owner.name} for ${Math.round(forMs)} ms`);
    const make: Record<FaultKind, () => void> = {
      'store stalls': () => store.stall(forMs),
      'store is flushed': () => store.model.flush(),
      'store fails over': () => store.failOver(forMs, lot * 1_000),
      'store starts empty': () => store.restart(forMs, undefined),
      'store is full': () => this.#refuse('OOM', forMs),
      'store is read-only': () => this.#refuse('READONLY', forMs),
      'store clock jumps': () => store.clock.jump(jumpOf(lot)),
      'store is further away': () => this.#moveAway(gateway.toStore, lot * 40, forMs),
      'store is cut off': () => this.#cut(gateway.toStore, lot, forMs),
      'store is cut off for long': () => this.#cut(gateway.toStore, lot, forMs),
      'api is further away': () => this.#moveAway(gateway.toApi, lot * 200, forMs),
      'api is cut off': () => this.#cut(gateway.toApi, lot, forMs),
      'api is slow': () => this.#feel({ ...GOOD_MOOD, workMs: 300 + lot * 3_000 }, forMs),
      'api refuses': () => this.#feel({ ...GOOD_MOOD, refuses: lot }, forMs),
      'api says 429': () => this.#feel({ ...GOOD_MOOD, tooMany: lot }, forMs),
      'api hangs': () => this.#feel({ ...GOOD_MOOD, hangs: lot * lot }, forMs),
      'api closes': () => this.#feel({ ...GOOD_MOOD, closes: lot }, forMs),
      'api fails': () => this.#feel({ ...GOOD_MOOD, fails: lot }, forMs),
      'process pauses': () => gateway.pause(forMs),
      'process pauses for long': () => gateway.pause(forMs),
      'process dies': () => gateway.isRunning && gateway.die(forMs),
      'time of day jumps': () => {
        gateway.todayMs += jumpOf(lot);
      },
    };
    make[kind]();
  }

  #refuse(refusal: 'OOM' | 'READONLY', forMs: number): void {
    const { model } = this.#store;
    model.refuses = refusal;
    this.#kernel.after(forMs, () => {
      model.refuses = undefined;
    });
  }

  #moveAway({ there, back }: Link, ms: number, forMs: number): void {
    for (const way of [there, back]) {
      way.latencyMs += ms;
      this.#kernel.after(forMs, () => {
        way.latencyMs -= ms;
      });
    }
  }

  /** One direction, the other, or both. */
  #cut({ there, back }: Link, lot: number, forMs: number): void {
    const { now } = this.#kernel;
    const cut = (way: Way) => {
      if (way.cutUntil < now) way.cutFrom = now;
      way.cutUntil = Math.max(way.cutUntil, now + forMs);
    };
    if (lot > 0.3) cut(there);
    if (lot < 0.7) cut(back);
  }

  #feel(mood: Mood, forMs: number): void {
    this.#moods.push(mood);
    this.#api.mood = mood;
    this.#kernel.after(forMs, () => {
      this.#moods = this.#moods.filter((one) => one !== mood);
      this.#api.mood = this.#moods.at(-1) ?? GOOD_MOOD;
    });
  }
}

/** How far a clock is set, in ms. */
const JUMPS = [-3_600_000, -5_000, -300, -40, -2, 2, 40, 300, 5_000, 3_600_000];

function jumpOf(lot: number): number {
  return JUMPS[Math.floor(lot * JUMPS.length)] as number;
}
