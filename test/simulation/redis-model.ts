import { SortedSet } from './sorted-set.ts';
import { TWINS, type Twin } from './twins.ts';

/** An answer of Redis that is an error: its code comes first. */
export class ModelError extends Error {}

type Value = string | Map<string, string> | SortedSet;

interface Kept {
  readonly value: Value;
  /** On the clock of Redis, in ms; Infinity: it is kept. */
  expiresAt: number;
}

export interface RedisModelOptions {
  /** The time of day of Redis, in ms. */
  readonly nowMs: () => number;
  /** The time by which values expire, in ms; by default the time of day. */
  readonly expiryMs?: () => number;
  /** Changes the arguments of a script, or gives the reply that takes the place of its own. */
  readonly change?: ChangeScript | undefined;
}

/** Runs a script, with other arguments perhaps. Texts hold a byte in each character. */
export type ChangeScript = (
  twin: Twin,
  run: (twin: Twin, args: readonly string[]) => unknown,
  args: readonly string[],
) => unknown;

/** The data of a Redis. Its scripts are twins in TypeScript, which a property compares with the scripts. */
export class RedisModel {
  readonly #options: RedisModelOptions;
  #kept = new Map<string, Kept>();
  readonly #scripts = new Set<string>();
  /** It refuses all commands that write. */
  isFull = false;

  constructor(options: RedisModelOptions) {
    this.#options = options;
  }

  /** The time that scripts see. No time passes while a script runs. */
  get now(): number {
    return this.#options.nowMs();
  }

  /** Passes even if no command comes: the judge looks for leases when all processes are quiet. */
  get #expiryNow(): number {
    return this.#options.expiryMs?.() ?? this.now;
  }

  /** The data as they are; `restore` brings them back. */
  snapshot(): unknown {
    return copyOf(this.#kept);
  }

  restore(snapshot: unknown): void {
    this.#kept = copyOf(snapshot as Map<string, Kept>);
  }

  flush(): void {
    this.#kept.clear();
  }

  /** Another process has no script in its memory. */
  restart(): void {
    this.#scripts.clear();
  }

  /** Which store of the gateways it has. */
  idOfStore(): string | undefined {
    return this.hget('luaauth:store', 'id');
  }

  get keys(): readonly string[] {
    return [...this.#kept.keys()].filter((key) => this.#find(key) !== undefined);
  }

  /** Runs a command of a client. @throws ModelError */
  command(name: string, ...words: readonly string[]): unknown {
    const [key = ''] = words;
    if (name === 'DEL') return this.del(key);
    throw new Error(`no command that is known: ${name}`);
  }

  /** Runs the twin of a script as `EVALSHA` or `EVAL` does. Texts of the reply are Buffers. @throws ModelError */
  eval(how: string, script: string, keys: readonly string[], args: readonly string[]): unknown {
    const twin =
      how === 'EVAL'
        ? TWINS.find(({ source }) => source === script)
        : TWINS.find(({ sha }) => sha === script);
    if (!twin) throw new Error('no script that has a twin');
    if (how === 'EVAL') this.#scripts.add(twin.sha);
    else if (!this.#scripts.has(script)) throw new ModelError('NOSCRIPT No matching script.');
    const run = ({ run: act }: Twin, given: readonly string[]) => act(this, keys, given);
    return replyOf(this.#options.change ? this.#options.change(twin, run, args) : run(twin, args));
  }

  type(key: string): string {
    const value = this.#find(key)?.value;
    if (value === undefined) return 'none';
    if (typeof value === 'string') return 'string';
    return value instanceof Map ? 'hash' : 'zset';
  }

  del(key: string): number {
    this.#write();
    return this.#find(key) && this.#kept.delete(key) ? 1 : 0;
  }

  /** -2: there is no value. */
  pttl(key: string): number {
    const found = this.#find(key);
    return found
      ? found.expiresAt === Number.POSITIVE_INFINITY
        ? -1
        : found.expiresAt - this.#expiryNow
      : -2;
  }

  pexpire(key: string, ms: number): void {
    this.#write();
    const found = this.#find(key);
    if (found && ms <= 0) this.#kept.delete(key);
    else if (found) found.expiresAt = this.#expiryNow + ms;
  }

  get(key: string): string | undefined {
    return this.#read(key, (value) => typeof value === 'string');
  }

  /** Returns whether there was no value. */
  setNew(key: string, value: string, ms: number): boolean {
    this.#write();
    if (this.#find(key)) return false;
    this.#kept.set(key, { value, expiresAt: this.#expiryNow + ms });
    return true;
  }

  hget(key: string, field: string | number): string | undefined {
    return this.#hash(key)?.get(String(field));
  }

  hset(key: string, fields: Readonly<Record<string, string | number>>): void {
    this.#write();
    const hash = this.#hash(key) ?? this.#open(key, new Map());
    for (const [field, value] of Object.entries(fields)) hash.set(field, String(value));
  }

  zadd(key: string, score: number, member: string): void {
    this.#write();
    (this.#set(key) ?? this.#open(key, new SortedSet())).add(member, score);
  }

  zrem(key: string, ...members: readonly string[]): void {
    this.#write();
    const set = this.#set(key);
    for (const member of members) set?.delete(member);
    if (set?.size === 0) this.#kept.delete(key);
  }

  /** All members with their scores, by score, then by name. */
  zall(key: string): readonly (readonly [member: string, score: number])[] {
    return [...(this.#set(key)?.all ?? [])];
  }

  readonly #hash = (key: string) => this.#read(key, (value) => value instanceof Map);
  readonly #set = (key: string) => this.#read(key, (value) => value instanceof SortedSet);

  #find(key: string): Kept | undefined {
    const found = this.#kept.get(key);
    if (!found || found.expiresAt > this.#expiryNow) return found;
    this.#kept.delete(key);
    return undefined;
  }

  #read<T extends Value>(key: string, isWanted: (value: Value) => value is T): T | undefined {
    const found = this.#find(key)?.value;
    if (found === undefined) return undefined;
    if (!isWanted(found))
      throw new ModelError('WRONGTYPE Operation against a key holding the wrong kind of value');
    return found;
  }

  #open<T extends Value>(key: string, value: T): T {
    this.#kept.set(key, { value, expiresAt: Number.POSITIVE_INFINITY });
    return value;
  }

  #write(): void {
    if (this.isFull) throw new ModelError("OOM command not allowed when used memory > 'maxmemory'.");
  }
}

function copyOf(kept: ReadonlyMap<string, Kept>): Map<string, Kept> {
  const copied = (value: Value) =>
    typeof value === 'string' ? value : value instanceof Map ? new Map(value) : value.copy();
  return new Map([...kept].map(([key, { value, expiresAt }]) => [key, { value: copied(value), expiresAt }]));
}

/** What a client gets for the reply of a twin. */
function replyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(replyOf);
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  return value ?? null;
}
