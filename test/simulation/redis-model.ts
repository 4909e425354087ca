import { createHash } from 'node:crypto';
import { type CompiledScript, compileLua } from './lua.ts';
import { formatNumber, LuaTable } from './lua-values.ts';
import { SortedSet } from './sorted-set.ts';

/** An answer of Redis that is an error: its code comes first. */
export class ModelError extends Error {}

type Value = string | Map<string, string> | SortedSet;

interface Kept {
  readonly value: Value;
  /** On the clock of Redis, in ms; Infinity: it is kept. */
  expiresAt: number;
}

/** Texts hold a byte in each character. */
type Command = (words: readonly string[]) => unknown;

export interface RedisModelOptions {
  /** The time of day of Redis, in microseconds. */
  readonly micros: () => number;
  /** A message on a channel. */
  readonly publish: (channel: string, message: string) => void;
  /** Gives another source for a script. */
  readonly change?: ((source: string) => string) | undefined;
  readonly onRun?: ((run: ScriptRun) => void) | undefined;
}

/** A run of a script, to be repeated elsewhere. */
export interface ScriptRun {
  readonly source: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** The time of Redis, in microseconds. */
  readonly micros: number;
}

/** The script that does the same as a command. */
export const COMMAND = 'return redis.call(unpack(ARGV))';

/** By their sources: scripts are compiled once for all worlds of a process. */
const compiled = new Map<string, CompiledScript>();

/**
 * The data of a Redis, and the commands that our scripts use, as Redis 7 answers them. Scripts run as they stand.
 */
export class RedisModel {
  readonly #options: RedisModelOptions;
  #kept = new Map<string, Kept>();
  readonly #scripts = new Map<string, { readonly source: string; readonly run: CompiledScript }>();
  /** The code of the error with which it answers commands that write. */
  refuses: 'OOM' | 'READONLY' | undefined;

  constructor(options: RedisModelOptions) {
    this.#options = options;
  }

  /** The data as they are; `restore` brings them back. */
  snapshot(): unknown {
    return new Map(
      [...this.#kept].map(([key, { value, expiresAt }]) => [key, { value: copyOf(value), expiresAt }]),
    );
  }

  restore(snapshot: unknown): void {
    this.#kept = new Map(
      [...(snapshot as Map<string, Kept>)].map(([key, { value, expiresAt }]) => [
        key,
        { value: copyOf(value), expiresAt },
      ]),
    );
  }

  /** Reads what is kept, as of the last run. */
  peek(name: string, ...words: readonly string[]): unknown {
    return this.#commands[name]?.(words);
  }

  /** Runs a command of a client, which takes it for a script of one command. @throws ModelError */
  command(...words: readonly string[]): unknown {
    this.#begin({ source: COMMAND, keys: [], args: words });
    return replyOf(this.#call(...words));
  }

  flush(): void {
    this.#kept.clear();
  }

  /** Another process has no script in its memory. */
  restart(): void {
    this.#scripts.clear();
  }

  get keys(): readonly string[] {
    return [...this.#kept.keys()].filter((key) => this.#find(key) !== undefined);
  }

  /** Runs a script as `EVALSHA` or `EVAL` does. Numbers of the answer are whole, texts are Buffers. @throws ModelError */
  eval(how: string, script: string, keys: readonly string[], args: readonly string[]): unknown {
    const sha = how === 'EVAL' ? createHash('sha1').update(script).digest('hex') : script;
    if (how === 'EVAL') {
      const source = this.#options.change?.(script) ?? script;
      const found = compiled.get(source) ?? compileLua(source);
      compiled.set(source, found);
      this.#scripts.set(sha, { source, run: found });
    }
    const known = this.#scripts.get(sha);
    if (!known) throw new ModelError('NOSCRIPT No matching script.');
    this.#begin({ source: known.source, keys, args });
    const result = known.run(this.#call, new LuaTable(keys.slice()), new LuaTable(args.slice()));
    return replyOf(Array.isArray(result) ? result[0] : result);
  }

  /** All commands of a script see one time. */
  #begin(run: Omit<ScriptRun, 'micros'>): void {
    const micros = this.#options.micros();
    this.#micros = micros;
    this.#options.onRun?.({ ...run, micros });
    this.#nowMs = Math.floor(micros / 1000);
  }

  #nowMs = 0;
  #micros = 0;

  readonly #call = (...given: readonly unknown[]): unknown => {
    const words = given.map(wordOf);
    const name = words.shift() ?? '';
    const command = this.#commands[name];
    if (!command) throw new Error(`no command that is known: ${name}`);
    if (this.refuses && WRITES.has(name)) throw new ModelError(REFUSALS[this.refuses]);
    return luaOf(command(words));
  };

  #find(key: string): Kept | undefined {
    const found = this.#kept.get(key);
    if (found && found.expiresAt <= this.#nowMs) {
      this.#kept.delete(key);
      return undefined;
    }
    return found;
  }

  #read<T extends Value>(key: string, isWanted: (value: Value) => value is T): T | undefined {
    const found = this.#find(key)?.value;
    if (found === undefined) return undefined;
    if (!isWanted(found))
      throw new ModelError('WRONGTYPE Operation against a key holding the wrong kind of value');
    return found;
  }

  #open<T extends Value>(key: string, isWanted: (value: Value) => value is T, make: () => T): T {
    const found = this.#read(key, isWanted);
    if (found) return found;
    const value = make();
    this.#kept.set(key, { value, expiresAt: Number.POSITIVE_INFINITY });
    return value;
  }

  readonly #hash = (key: string) => this.#read(key, isHash);
  readonly #set = (key: string) => this.#read(key, isSet);

  /** An empty value is none. */
  #tidy(key: string): void {
    const value = this.#kept.get(key)?.value;
    if ((value instanceof Map || value instanceof SortedSet) && value.size === 0) this.#kept.delete(key);
  }

  #changed(key: string, count: number): number {
    this.#tidy(key);
    return count;
  }

  readonly #commands: Readonly<Record<string, Command>> = {
    TIME: () => [String(Math.floor(this.#micros / 1e6)), String(this.#micros % 1e6)],
    DEL: (keys) => {
      const found = new Set(keys.filter((key) => this.#find(key) !== undefined));
      for (const key of found) this.#kept.delete(key);
      return found.size;
    },
    EXISTS: (keys) => keys.filter((key) => this.#find(key) !== undefined).length,
    PTTL: ([key = '']) => {
      const found = this.#find(key);
      if (!found) return -2;
      return found.expiresAt === Number.POSITIVE_INFINITY ? -1 : found.expiresAt - this.#nowMs;
    },
    PEXPIRE: ([key = '', ms]) => {
      const delay = integerOf(ms);
      const found = this.#find(key);
      if (!found) return 0;
      if (delay <= 0) this.#kept.delete(key);
      else found.expiresAt = this.#nowMs + delay;
      return 1;
    },
    GET: ([key = '']) => this.#read(key, isText) ?? null,
    GETEX: ([key = '', _px, ms]) => {
      const value = this.#read(key, isText);
      const found = this.#find(key);
      if (found) found.expiresAt = this.#nowMs + integerOf(ms);
      return value ?? null;
    },
    SET: ([key = '', value = '', option, ms, condition]) => {
      if (condition && (condition === 'NX') === (this.#find(key) !== undefined)) return null;
      const expiresAt = option === 'PX' ? this.#nowMs + integerOf(ms) : Number.POSITIVE_INFINITY;
      this.#kept.set(key, { value, expiresAt });
      return { ok: 'OK' };
    },
    INCR: ([key = '']) => {
      const sum = integerOf(this.#read(key, isText) ?? '0') + 1;
      const { expiresAt = Number.POSITIVE_INFINITY } = this.#find(key) ?? {};
      this.#kept.set(key, { value: String(sum), expiresAt });
      return sum;
    },
    HGET: ([key = '', field = '']) => this.#hash(key)?.get(field) ?? null,
    HMGET: ([key = '', ...fields]) => {
      const hash = this.#hash(key);
      return fields.map((field) => hash?.get(field) ?? null);
    },
    HGETALL: ([key = '']) => [...(this.#hash(key) ?? [])].flat(),
    HSTRLEN: ([key = '', field = '']) => this.#hash(key)?.get(field)?.length ?? 0,
    HLEN: ([key = '']) => this.#hash(key)?.size ?? 0,
    HSET: ([key = '', ...pairs]) => {
      const hash = this.#open(key, isHash, () => new Map());
      const before = hash.size;
      for (let at = 0; at < pairs.length; at += 2) hash.set(pairs[at] as string, pairs[at + 1] as string);
      return hash.size - before;
    },
    HDEL: ([key = '', ...fields]) => {
      const hash = this.#hash(key);
      return this.#changed(key, fields.filter((field) => hash?.delete(field)).length);
    },
    HINCRBY: ([key = '', field = '', by]) => {
      const added = integerOf(by);
      const sum = integerOf(this.#hash(key)?.get(field) ?? '0') + added;
      this.#open(key, isHash, () => new Map()).set(field, String(sum));
      return sum;
    },
    ZADD: ([key = '', score = '', member = '']) => {
      const at = scoreOf(score);
      return this.#open(key, isSet, () => new SortedSet()).add(member, at) ? 1 : 0;
    },
    ZINCRBY: ([key = '', by = '', member = '']) => {
      const added = scoreOf(by);
      const set = this.#open(key, isSet, () => new SortedSet());
      const score = (set.score(member) ?? 0) + added;
      set.add(member, score);
      return textOf(score);
    },
    ZREM: ([key = '', ...members]) => {
      const set = this.#set(key);
      return this.#changed(key, members.filter((member) => set?.delete(member)).length);
    },
    ZCARD: ([key = '']) => this.#set(key)?.size ?? 0,
    ZSCORE: ([key = '', member = '']) => {
      const score = this.#set(key)?.score(member);
      return score === undefined ? null : textOf(score);
    },
    ZCOUNT: ([key = '', least = '', most = '']) => this.#between(key, least, most).length,
    ZRANGE: ([key = '', from, to, withScores]) => {
      const found = this.#set(key)?.slice(integerOf(from), integerOf(to)) ?? [];
      return members(found, withScores === 'WITHSCORES');
    },
    ZRANGEBYSCORE: ([key = '', least = '', most = '', ...options]) => {
      const limit = options.indexOf('LIMIT');
      let found = this.#between(key, least, most);
      if (limit >= 0) {
        const [offset, count] = [integerOf(options[limit + 1]), integerOf(options[limit + 2])];
        if (offset < 0) found = [];
        else found = found.slice(offset, count < 0 ? undefined : offset + count);
      }
      return members(found, options.includes('WITHSCORES'));
    },
    ZREMRANGEBYSCORE: ([key = '', least = '', most = '']) =>
      this.#remove(key, this.#between(key, least, most)),
    ZREMRANGEBYRANK: ([key = '', from, to]) =>
      this.#remove(key, this.#set(key)?.slice(integerOf(from), integerOf(to)) ?? []),
    ZPOPMIN: ([key = '']) => {
      const found = this.#set(key)?.slice(0, 0) ?? [];
      this.#remove(key, found);
      return members(found, true);
    },
    PUBLISH: ([channel = '', message = '']) => {
      this.#options.publish(channel, message);
      return 0;
    },
  };

  #between(key: string, least: string, most: string) {
    const bounds = [boundOf(least), boundOf(most)] as const;
    return this.#set(key)?.between(...bounds) ?? [];
  }

  #remove(key: string, found: readonly (readonly [string, number])[]): number {
    const set = this.#set(key);
    for (const [member] of found) set?.delete(member);
    return this.#changed(key, found.length);
  }
}

const WRITES = new Set(
  'DEL GETEX PEXPIRE SET INCR HSET HDEL HINCRBY ZADD ZINCRBY ZREM ZREMRANGEBYSCORE ZREMRANGEBYRANK ZPOPMIN'.split(
    ' ',
  ),
);
const REFUSALS = {
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
  READONLY: "READONLY You can't write against a read only replica.",
};

const isText = (value: Value): value is string => typeof value === 'string';
const isHash = (value: Value): value is Map<string, string> => value instanceof Map;
const isSet = (value: Value): value is SortedSet => value instanceof SortedSet;

function copyOf(value: Value): Value {
  if (isText(value)) return value;
  return isHash(value) ? new Map(value) : value.copy();
}

function integerOf(word: string | undefined): number {
  if (word === undefined || !/^-?\d+$/.test(word))
    throw new ModelError('ERR value is not an integer or out of range');
  return Number(word);
}

function scoreOf(word: string): number {
  const score =
    word === '+inf' || word === 'inf'
      ? Number.POSITIVE_INFINITY
      : word === '-inf'
        ? Number.NEGATIVE_INFINITY
        : Number(word);
  if (word === '' || Number.isNaN(score)) throw new ModelError('ERR value is not a valid float');
  return score;
}

function boundOf(word: string) {
  const isOpen = word.startsWith('(');
  return { score: scoreOf(isOpen ? word.slice(1) : word), isOpen };
}

/** A score as Redis 7.2 and Valkey write it: with as few digits as tell it from all others. */
function textOf(score: number): string {
  return Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf';
}

function members(found: readonly (readonly [string, number])[], withScores: boolean): string[] {
  return withScores
    ? found.flatMap(([member, score]) => [member, textOf(score)])
    : found.map(([member]) => member);
}

/** An argument of a command in a script. */
function wordOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value, 17);
  throw new ModelError('ERR Lua redis lib command arguments must be strings or integers');
}

/** Converts the answer of a command for a script. */
function luaOf(reply: unknown): unknown {
  if (reply === null) return false;
  if (Array.isArray(reply)) return new LuaTable(reply.map(luaOf));
  if (typeof reply === 'object') return LuaTable.of([], Object.entries(reply));
  return reply;
}

/** Converts the value of a script for its client. */
function replyOf(value: unknown): unknown {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  if (value === true) return 1;
  if (!(value instanceof LuaTable)) return null;
  const status = value.get('ok');
  if (status !== undefined) return status;
  const error = value.get('err');
  if (error !== undefined) throw new ModelError(String(error));
  const end = value.list.indexOf(undefined);
  return (end < 0 ? value.list : value.list.slice(0, end)).map(replyOf);
}
