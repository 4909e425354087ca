import type { Session } from '../../src/luaauth/sessions.ts';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import type { SimulatedGateway } from './gateway.ts';
import type { Judge } from './judge.ts';
import type { Kernel, Owner } from './kernel.ts';
import type { FollowerPlan } from './plan.ts';
import type { Visitors } from './visitors.ts';

type Stream = ReturnType<SimulatedGateway['subscribe']>;
type Taken = Awaited<ReturnType<Stream['next']>>;
type LiveEvent = NonNullable<Taken['value']>;

/** A follower whose gateway has ended or has no room tries again after this time, in ms. */
const AGAIN_MS = 500;
/** Polls are up to 30 s apart. A poll that finds the quota used up waits 10 s until it tells a delay. A delivery takes a second or two. */
const SEEN_WITHIN_MS = 42_000;
/** How long a follower stays away at most, in ms. */
const AWAY_MS = 14_000;

interface FollowerOptions {
  readonly plan: FollowerPlan;
  readonly seed: string;
  readonly kernel: Kernel;
  readonly judge: Judge;
  readonly visitors: Visitors;
  readonly pickGateway: (random: Seeded) => SimulatedGateway | undefined;
  /** All faults are over from then on. */
  readonly faultsEnd: number;
  readonly hasFaults: boolean;
  readonly onEvent: (type: LiveEvent['type']) => void;
}

/** A subscription. A follower has one at a time. */
interface Following {
  readonly stream: Stream;
  readonly gateway: SimulatedGateway;
  readonly owner: Owner;
  readonly after: string | undefined;
  readonly since: number;
  sequence: number;
  /** Whether it has had a snapshot or a change. */
  hasBegun: boolean;
}

/**
 * A subscriber: composes the sessions of a script from events, leaves, and resumes on another gateway with its cursor. Its
 * sessions must be a state that the API has had, and never an earlier state than before.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #random: Seeded;
  #following: Following | undefined;
  /** When a subscription last began or ended. A gateway polls at once when a subscription begins. */
  #changedAt = Number.NEGATIVE_INFINITY;
  #hasLeft = false;
  #cursor: string | undefined;
  #known = new Set<string>();
  /** The version of the API's sessions that `#known` is. */
  #version = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#random = createSeeded(options.seed, 'follower', options.plan.name);
    options.kernel.after(options.plan.joinsAt, () => this.#subscribe());
  }

  /** The last moment at which it had a subscription. */
  get followedAt(): number {
    return this.#following ? this.#options.kernel.now : this.#changedAt;
  }

  /** The key and the script. */
  get followed(): string {
    const { key, script } = this.#options.plan;
    return `${key} ${script}`;
  }

  /** Ends the subscription for good. */
  leave(): void {
    this.#hasLeft = true;
    this.#stop();
  }

  /** A gateway that has ended tells no one. A change that is not shown in time is a violation. */
  look(): void {
    const following = this.#following;
    if (following?.owner.hasEnded) this.#goOn(AGAIN_MS);
    else if (following?.hasBegun) this.#judgeDelay(following);
  }

  #judgeDelay({ since }: Following): void {
    const { kernel, judge, plan, visitors, faultsEnd } = this.#options;
    const versions = visitors.versionsOf(plan.script);
    // A state may come again: what is known counts as its latest time.
    let version = versions.length - 1;
    while (version > this.#version && !this.#isState(version)) version -= 1;
    const unseen = versions[version + 1];
    if (!unseen) return;
    const lateMs = kernel.now - Math.max(unseen.since, since, faultsEnd) - plan.readsEveryMs;
    if (lateMs > SEEN_WITHIN_MS)
      judge.report('stream', `${this.#where()} has not seen a change for ${Math.round(lateMs)} ms`);
  }

  #subscribe(): void {
    const { kernel, plan, pickGateway } = this.#options;
    if (this.#hasLeft) return;
    const random = this.#random;
    const gateway = pickGateway(random);
    if (!gateway) return void kernel.after(AGAIN_MS, () => this.#subscribe());
    const { owner } = gateway;
    let hasArrived = false;
    kernel.after(
      0,
      () => {
        hasArrived = true;
        if (!gateway.isRunning || this.#hasLeft) return this.#goOn(AGAIN_MS);
        const after = this.#cursor;
        kernel.log(`${owner.name} ${plan.name} follows ${plan.script} after ${after}`);
        this.#changedAt = kernel.now;
        const stream = gateway.subscribe(
          plan.key,
          plan.name,
          plan.script,
          ({ id }) => isWanted(plan, id),
          after,
        );
        this.#following = { stream, gateway, owner, after, since: kernel.now, sequence: 0, hasBegun: false };
        this.#read(this.#following);
        const following = this.#following;
        kernel.after(-Math.log(1 - random.next()) * plan.staysMs, () => {
          if (following === this.#following) this.#goOn(random.next() ** 3 * AWAY_MS);
        });
      },
      owner,
      'socket',
    );
    // A process that pauses accepts the connection later, and a process that ends never does.
    kernel.after(AGAIN_MS, () => {
      if (!hasArrived && owner.hasEnded) this.#subscribe();
    });
  }

  /** Leaves, and resumes after a while. Some begin again. */
  #goOn(afterMs: number): void {
    this.#stop();
    if (this.#random.chance(0.1)) this.#cursor = undefined;
    this.#options.kernel.after(afterMs, () => this.#subscribe());
  }

  #stop(): void {
    const following = this.#following;
    this.#following = undefined;
    if (!following) return;
    const { kernel, plan } = this.#options;
    this.#changedAt = kernel.now;
    kernel.log(`${following.owner.name} ${plan.name} leaves`);
    kernel.after(0, () => void following.stream.return(), following.owner, 'socket');
  }

  #read(following: Following): void {
    const { kernel, judge, plan } = this.#options;
    const taken = ({ value }: Taken) => {
      if (following !== this.#following) return;
      if (!value) return this.#goOn(0);
      this.#take(following, value);
      const next = () => following === this.#following && this.#read(following);
      kernel.after(plan.readsEveryMs * this.#random.next(), next, following.owner, 'socket');
    };
    following.stream.next().then(taken, (error) => {
      if (following === this.#following) judge.report('stream', `${this.#where()} fails: ${error}`);
    });
  }

  #take(following: Following, event: LiveEvent): void {
    const { kernel, judge, onEvent, hasFaults } = this.#options;
    const { type, sequence, cursor } = event;
    kernel.log(`${following.owner.name} ${this.#options.plan.name} ${type} ${cursor}`);
    onEvent(type);
    if (sequence !== following.sequence + 1)
      judge.report('stream', `${this.#where()} has event ${sequence} after ${following.sequence}`);
    following.sequence = sequence;
    this.#cursor = cursor;
    if (type === 'SessionsDelay') return;
    const isResumed = !following.hasBegun && following.after !== undefined;
    if (type === 'SessionsSnapshot') {
      this.#known = new Set(idsOf(event.sessions));
    } else if (!following.hasBegun && !isResumed)
      judge.report('stream', `${this.#where()} begins with a change`);
    else this.#compose(event);
    // A gateway that has lost the others polls by itself, so a snapshot of another gateway may be older.
    if (type === 'SessionsSnapshot' && !following.hasBegun)
      this.#version = hasFaults ? 0 : this.#versionAt(following.since - SEEN_WITHIN_MS);
    following.hasBegun = true;
    const versions = this.#options.visitors.versionsOf(this.#options.plan.script);
    for (let version = this.#version; version < versions.length; version += 1) {
      if (!this.#isState(version)) continue;
      this.#version = version;
      return;
    }
    judge.report(
      'stream',
      `${this.#where()} shows ${type} ${cursor}, which is no state since the one before`,
    );
  }

  #compose({ appeared, disappeared }: Extract<LiveEvent, { readonly type: 'SessionsChange' }>): void {
    const known = this.#known;
    const { judge } = this.#options;
    for (const id of idsOf(disappeared))
      if (!known.delete(id)) judge.report('stream', `${this.#where()} is told of the end of ${id} again`);
    for (const id of idsOf(appeared)) {
      if (known.has(id)) judge.report('stream', `${this.#where()} is told of ${id} again`);
      known.add(id);
    }
  }

  /** The version that the API had at a time. */
  #versionAt(timeMs: number): number {
    const { visitors, plan } = this.#options;
    const versions = visitors.versionsOf(plan.script);
    return Math.max(
      0,
      versions.findLastIndex(({ since }) => since <= timeMs),
    );
  }

  #isState(version: number): boolean {
    const { visitors, plan } = this.#options;
    let count = 0;
    for (const id of visitors.versionsOf(plan.script)[version]?.ids ?? []) {
      if (!isWanted(plan, id)) continue;
      if (!this.#known.has(id)) return false;
      count += 1;
    }
    return count === this.#known.size;
  }

  #where(): string {
    const { plan } = this.#options;
    return `${plan.name} of ${plan.key} ${plan.script} at ${this.#following?.owner.name}`;
  }
}

/** A filter lets every second session through. */
function isWanted({ isFiltered }: FollowerPlan, id: string | undefined): boolean {
  return !isFiltered || /[02468]$/.test(id ?? '');
}

function idsOf(sessions: readonly Session[]): string[] {
  return sessions.map(({ id = '' }) => id);
}
