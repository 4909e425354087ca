import type { Kernel } from './kernel.ts';

/** A promise that was not kept. */
export interface Violation {
  readonly rule: Rule;
  readonly at: number;
  readonly what: string;
}

export type Rule =
  | 'quota'
  | 'stale read'
  | 'write sent twice'
  | 'write lost'
  | 'write arrived after all'
  | 'late answer'
  | 'failure'
  | 'unexpected error'
  | 'left over'
  | 'unused quota'
  | 'stream';

/** A gateway that counts alone goes by its own clock, which may be fast by 1 %. */
const WINDOW_MS = 990;

/** How many requests a key may send a second, in words of `docs/several-gateways.md`. */
interface Allowed {
  /** While all processes reach Redis, and while none does. */
  readonly rate: number;
  /** While only some have lost Redis: the share of each of them comes on top. */
  mostNow(): number;
}

/** Watches what reaches the API and the callers, and says at once when a promise is broken. */
export class Judge {
  readonly #kernel: Kernel;
  readonly #allowed: Allowed;
  readonly #arrivals = new Map<string, number[]>();
  /** The version that an acknowledged write has made, or a later one, by script: what any later read has to show. */
  readonly #acknowledged = new Map<string, number>();
  readonly #made = new Map<string, number>();
  readonly #notExecuted = new Set<string>();
  readonly #counts = new Map<string, number>();
  violation: Violation | undefined;

  constructor(kernel: Kernel, allowed: Allowed) {
    this.#kernel = kernel;
    this.#allowed = allowed;
  }

  report(rule: Rule, what: string): void {
    const at = this.#kernel.now;
    this.#kernel.log(`VIOLATION ${rule}: ${what}`);
    this.violation ??= { rule, at, what };
  }

  arrived(key: string, isForgotten: boolean): void {
    this.#counts.set(key, this.countOf(key) + 1);
    if (isForgotten) return;
    const { now } = this.#kernel;
    const known = this.#arrivals.get(key);
    if (!known) return void this.#arrivals.set(key, [now]);
    known.push(now);
    if (known.length > 2_000) known.splice(0, 1_000);
    const isWithin = (count: number) => now - (known.at(-count) ?? Number.NEGATIVE_INFINITY) < WINDOW_MS;
    if (!isWithin(this.#allowed.rate + 1)) return;
    const most = this.#allowed.mostNow();
    if (isWithin(most + 1)) this.report('quota', `${most + 1} requests of ${key} within ${WINDOW_MS} ms`);
  }

  /** How many requests of a key have arrived. */
  countOf(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  written(name: string, version: number): void {
    if (this.#made.has(name)) this.report('write sent twice', `${name} was carried out again`);
    if (this.#notExecuted.has(name))
      this.report('write arrived after all', `${name} was said not to be executed`);
    this.#made.set(name, version);
  }

  /** A client has the answer to its write, which all later reads have to show. */
  acknowledged(script: string, name: string): void {
    const version = this.#made.get(name);
    if (version === undefined) {
      this.report('write lost', `${name} was acknowledged, and never carried out`);
      return;
    }
    this.#acknowledged.set(script, Math.max(this.#acknowledged.get(script) ?? 0, version));
  }

  notExecuted(name: string): void {
    if (this.#made.has(name)) this.report('write arrived after all', `${name} is said not to be executed`);
    this.#notExecuted.add(name);
  }

  leastOf(script: string): number {
    return this.#acknowledged.get(script) ?? 0;
  }

  shown(script: string, version: number, least: number, where: string): void {
    if (version < least)
      this.report('stale read', `${where} shows ${script} ${version}, and ${least} was acknowledged`);
  }
}
