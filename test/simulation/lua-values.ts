/** A table of Lua: its values from 1 on, and the rest by their keys. */
export class LuaTable {
  readonly list: unknown[];
  /** Most tables are lists. */
  #rest: Map<unknown, unknown> | undefined;

  constructor(list: unknown[]) {
    this.list = list;
  }

  static of(list: unknown[], fields: readonly (readonly [unknown, unknown])[] = []): LuaTable {
    while (list.length > 0 && list.at(-1) === undefined) list.pop();
    const table = new LuaTable(list);
    for (const [key, value] of fields) table.set(key, value);
    return table;
  }

  get(key: unknown): unknown {
    if (typeof key === 'number' && key >= 1 && key <= this.list.length) return this.list[key - 1];
    return this.#rest?.get(key);
  }

  set(key: unknown, value: unknown): void {
    const { list } = this;
    if (typeof key !== 'number' || key < 1 || key > list.length + 1) {
      if (value === undefined) this.#rest?.delete(key);
      else {
        this.#rest ??= new Map();
        this.#rest.set(key, value);
      }
    } else if (value === undefined && key === list.length) list.pop();
    else if (value !== undefined || key < list.length) list[key - 1] = value;
  }

  *pairs(): Generator<[unknown, unknown]> {
    for (const [at, value] of this.list.entries()) if (value !== undefined) yield [at + 1, value];
    if (this.#rest) yield* this.#rest;
  }

  *ipairs(): Generator<[number, unknown]> {
    for (let at = 0; at < this.list.length && this.list[at] !== undefined; at += 1)
      yield [at + 1, this.list[at]];
  }
}

const DECIMAL = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** As C's `printf` with `%.<digits>g`. */
export function formatNumber(value: number, digits: number): string {
  if (Number.isSafeInteger(value) && Math.abs(value) < 10 ** Math.min(digits, 15)) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa = '', exponent = 0] = value
    .toExponential(digits - 1)
    .split('e')
    .map((part, at) => (at ? Number(part) : part)) as [string, number];
  if (exponent < -4 || exponent >= digits) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${trimmed(mantissa)}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  return trimmed(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}

const patterns = new Map<string, RegExp>();

/** A pattern of Lua as a regular expression: classes and anchors, which is all that scripts use. */
function patternOf(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  if (/%[bf\d]|-(?![\]\w])/.test(pattern)) throw new Error(`no pattern that is known: ${pattern}`);
  const source = pattern.replace(/%([dswDSW])/g, '\\$1').replace(/%([^\w\s])/g, '\\$1');
  const made = new RegExp(source, 's');
  patterns.set(pattern, made);
  return made;
}

function typeName(value: unknown): string {
  if (value === undefined) return 'nil';
  return value instanceof LuaTable ? 'table' : typeof value;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value, 14);
  throw new Error(`attempt to concatenate a ${typeName(value)} value`);
}

function number(value: unknown): number {
  if (typeof value === 'number') return value;
  const found = toNumber(value);
  if (found === undefined) throw new Error(`attempt to perform arithmetic on a ${typeName(value)} value`);
  return found;
}

function compared(one: unknown, other: unknown): [number, number] | [string, string] {
  if (typeof one === 'number' && typeof other === 'number') return [one, other];
  if (typeof one === 'string' && typeof other === 'string') return [one, other];
  throw new Error(`attempt to compare ${typeName(one)} with ${typeName(other)}`);
}

function table(value: unknown): LuaTable {
  if (value instanceof LuaTable) return value;
  throw new Error(`attempt to index a ${typeName(value)} value`);
}

/** Lua as compiled scripts need it: short names, as they stand in all of the code. */
export const lua = {
  is: (value: unknown) => value !== undefined && value !== false,
  n: number,
  s: text,
  first: (values: unknown) => (Array.isArray(values) ? values[0] : values),
  all: (values: unknown) => (Array.isArray(values) ? values : [values]),
  get: (from: unknown, key: unknown) => table(from).get(key),
  set: (into: unknown, key: unknown, value: unknown) => table(into).set(key, value),
  size: (value: unknown) => (typeof value === 'string' ? value.length : table(value).list.length),
  modulo(one: unknown, other: unknown) {
    const [dividend, divisor] = [number(one), number(other)];
    return dividend - Math.floor(dividend / divisor) * divisor;
  },
  less(one: unknown, other: unknown) {
    if (typeof one === 'number' && typeof other === 'number') return one < other;
    const [left, right] = compared(one, other);
    return left < right;
  },
  most(one: unknown, other: unknown) {
    if (typeof one === 'number' && typeof other === 'number') return one <= other;
    const [left, right] = compared(one, other);
    return left <= right;
  },
  attempt(call: (...words: readonly unknown[]) => unknown, ...words: readonly unknown[]) {
    try {
      return call(...words);
    } catch (error) {
      return LuaTable.of([], [['err', String(error)]]);
    }
  },
  ipairs: (value: unknown) => table(value).ipairs(),
  pairs: (value: unknown) => table(value).pairs(),
  tonumber: toNumber,
  tostring: (value: unknown) =>
    typeof value === 'number' ? formatNumber(value, 14) : String(value ?? 'nil'),
  unpack: (value: unknown, from: unknown = 1, to: unknown = table(value).list.length) =>
    table(value).list.slice(number(from) - 1, number(to)),
  table_remove: (value: unknown, at?: unknown) => {
    const { list } = table(value);
    return at === undefined ? list.pop() : list.splice(number(at) - 1, 1)[0];
  },
  string_match(value: unknown, pattern: unknown) {
    const found = patternOf(text(pattern)).exec(text(value));
    if (!found) return undefined;
    return found.length > 1 ? found.slice(1) : found[0];
  },
  string_format(format: unknown, ...values: readonly unknown[]) {
    let at = 0;
    return text(format).replace(
      /%(?:\.(\d+))?([a-zA-Z%])/g,
      (_all, digits: string | undefined, kind: string) => {
        if (kind === '%') return '%';
        const value = values[at];
        at += 1;
        if (kind === 's') return text(value);
        if (kind === 'd') return formatNumber(Math.trunc(number(value)), 20);
        if (kind === 'f') return number(value).toFixed(Number(digits ?? 6));
        throw new Error(`no format that is known: ${format}`);
      },
    );
  },
  math_abs: (value: unknown) => Math.abs(number(value)),
  math_ceil: (value: unknown) => Math.ceil(number(value)),
  math_floor: (value: unknown) => Math.floor(number(value)),
  math_max: (...values: readonly unknown[]) => Math.max(...values.map(number)),
  math_min: (...values: readonly unknown[]) => Math.min(...values.map(number)),
};
