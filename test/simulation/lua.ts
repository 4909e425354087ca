import { LuaTable, lua } from './lua-values.ts';

type Call = (...words: readonly unknown[]) => unknown;

/** A script: `call` runs a command of Redis for it. Gives what the script returns. */
export type CompiledScript = (call: Call, keys: LuaTable, args: LuaTable) => unknown;

/** Functions of the standard library, by their names in a script. All of them give one value, except those in `MANY`. */
const LIBRARY = new Set(
  [
    'string.format',
    'string.match',
    'table.remove',
    'tonumber',
    'tostring',
    'unpack',
    'ipairs',
    'pairs',
  ].concat(['abs', 'ceil', 'floor', 'max', 'min'].map((name) => `math.${name}`)),
);
const MANY = new Set(['string.match', 'unpack']);

const TOKEN =
  /\s+|--[^\n]*|([A-Za-z_]\w*)|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^#<>=(){}[\];:,.])/y;
const BINARY: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '~=': 3,
  '==': 3,
  '..': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};
const UNARY = 7;
const ENDS = new Set(['end', 'else', 'elseif', '']);

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
}

/** `isMany`: a call that may give several values. */
interface Code {
  readonly js: string;
  readonly isMany?: boolean;
  /** How a value is assigned to it. */
  readonly set?: (value: string) => string;
}

/**
 * Compiles the part of Lua 5.1 that our scripts use to JavaScript, where all numbers are doubles as well. A script takes
 * microseconds this way. Whatever is missing throws when the script is compiled.
 */
export function compileLua(source: string): CompiledScript {
  const body = new Compiler(tokensOf(source)).script();
  const make = new Function('L', 'LuaTable', `return (call, KEYS, ARGV) => {\n${body}\n}`);
  return make(lua, LuaTable) as CompiledScript;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Error(`no Lua that is known: ${source.slice(at, at + 40)}`);
    const [, name, number, text, sign] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined)
      tokens.push({ kind: 'text', text: text.slice(1, -1).replace(/\\(.)/g, '$1') });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

class Compiler {
  readonly #tokens: readonly Token[];
  #at = 0;
  #names = 0;
  #scopes: Map<string, string>[] = [
    new Map([
      ['KEYS', 'KEYS'],
      ['ARGV', 'ARGV'],
    ]),
  ];
  /** Variables of the function that is compiled, for values that are used twice. */
  #temporary: string[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  script(): string {
    const body = this.#function([]);
    if (this.#next.kind !== 'end') throw this.#unknown();
    return body;
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #unknown(): Error {
    const near = this.#tokens.slice(this.#at - 3, this.#at + 5).map(({ text }) => text);
    return new Error(`no Lua that is known: ${near.join(' ')}`);
  }

  #is(text: string): boolean {
    return this.#next.text === text && this.#next.kind !== 'text';
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unknown();
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== 'name') throw this.#unknown();
    this.#at += 1;
    return text;
  }

  #declare(name: string): string {
    this.#names += 1;
    const js = `${name}$${this.#names}`;
    this.#scopes.at(-1)?.set(name, js);
    return js;
  }

  #find(name: string): string | undefined {
    for (const scope of this.#scopes.toReversed()) {
      const found = scope.get(name);
      if (found) return found;
    }
    return undefined;
  }

  #function(parameters: readonly string[]): string {
    const outer = this.#temporary;
    this.#temporary = [];
    this.#scopes.push(new Map());
    // The names of parameters were made by the caller, in a scope around this one.
    const block = this.#block();
    this.#scopes.pop();
    const own = this.#temporary.length > 0 ? `let ${this.#temporary.join(', ')};\n` : '';
    this.#temporary = outer;
    void parameters;
    return own + block;
  }

  #scoped(compile: () => string): string {
    this.#scopes.push(new Map());
    const js = compile();
    this.#scopes.pop();
    return js;
  }

  #block(): string {
    const lines: string[] = [];
    while (!ENDS.has(this.#next.text) || this.#next.kind === 'text') {
      lines.push(this.#statement());
      this.#accept(';');
    }
    return lines.join('\n');
  }

  #statement(): string {
    if (this.#accept('local')) return this.#accept('function') ? this.#localFunction() : this.#local();
    if (this.#accept('if')) return this.#if();
    if (this.#accept('while')) {
      const condition = this.#condition();
      this.#expect('do');
      return `while (${condition}) {\n${this.#ended()}\n}`;
    }
    if (this.#accept('for')) return this.#for();
    if (this.#accept('break')) return 'break;';
    if (this.#accept('return')) {
      if (ENDS.has(this.#next.text) && this.#next.kind !== 'text') return 'return [];';
      const values = this.#expressions();
      const [only] = values;
      return `return ${only && values.length === 1 ? only.js : listOf(values)};`;
    }
    const target = this.#suffixed();
    if (!this.#is('=') && !this.#is(',')) return `${target.js};`;
    const targets = [target];
    while (this.#accept(',')) targets.push(this.#suffixed());
    this.#expect('=');
    const values = this.#expressions();
    const set = (code: Code, value: string) => {
      if (!code.set) throw this.#unknown();
      return `${code.set(value)};`;
    };
    const [only] = values;
    if (targets.length === 1 && only) return set(target, one(only));
    const list = this.#temporaryName();
    return [`${list} = ${listOf(values)};`, ...targets.map((code, at) => set(code, `${list}[${at}]`))].join(
      '\n',
    );
  }

  #localFunction(): string {
    const name = this.#declare(this.#name());
    return `let ${name} = ${this.#closure()};`;
  }

  #closure(): string {
    this.#scopes.push(new Map());
    this.#expect('(');
    const parameters: string[] = [];
    while (!this.#accept(')')) {
      parameters.push(this.#declare(this.#name()));
      this.#accept(',');
    }
    const body = this.#function(parameters);
    this.#expect('end');
    this.#scopes.pop();
    return `(${parameters.join(', ')}) => {\n${body}\nreturn [];\n}`;
  }

  #local(): string {
    const names = [this.#name()];
    while (this.#accept(',')) names.push(this.#name());
    const values = this.#accept('=') ? this.#expressions() : [];
    // A value may name a variable of the same name outside.
    const declared = names.map((name) => this.#declare(name));
    const [only] = values;
    if (values.length === 0) return `let ${declared.join(', ')};`;
    if (declared.length === 1 && only) return `let ${declared[0]} = ${one(only)};`;
    return `let [${declared.join(', ')}] = ${listOf(values)};`;
  }

  #condition(): string {
    return `L.is(${one(this.#expression())})`;
  }

  #ended(): string {
    const block = this.#scoped(() => this.#block());
    this.#expect('end');
    return block;
  }

  #if(): string {
    const condition = this.#condition();
    this.#expect('then');
    const block = this.#scoped(() => this.#block());
    const begun = `if (${condition}) {\n${block}\n}`;
    if (this.#accept('elseif')) return `${begun} else {\n${this.#if()}\n}`;
    if (this.#accept('else')) return `${begun} else {\n${this.#ended()}\n}`;
    this.#expect('end');
    return begun;
  }

  #for(): string {
    const names = [this.#name()];
    while (this.#accept(',')) names.push(this.#name());
    if (this.#accept('=')) {
      const [from, to, step] = this.#list(() => one(this.#expression()));
      this.#expect('do');
      this.#names += 1;
      const at = `at$${this.#names}`;
      return this.#scoped(() => {
        const name = this.#declare(names[0] as string);
        const bounds = `let ${at} = L.n(${from}), to${at} = L.n(${to}), by${at} = ${step ? `L.n(${step})` : 1}`;
        const goesOn = `by${at} > 0 ? ${at} <= to${at} : ${at} >= to${at}`;
        return `for (${bounds}; ${goesOn}; ${at} += by${at}) {\nlet ${name} = ${at};\n${this.#ended()}\n}`;
      });
    }
    this.#expect('in');
    const pairs = one(this.#expression());
    this.#expect('do');
    return this.#scoped(() => {
      const declared = names.map((name) => this.#declare(name));
      return `for (let [${declared.join(', ')}] of ${pairs}) {\n${this.#ended()}\n}`;
    });
  }

  #list<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.#accept(',')) items.push(read());
    return items;
  }

  #expressions(): Code[] {
    return this.#list(() => this.#expression());
  }

  #temporaryName(): string {
    this.#names += 1;
    const name = `$${this.#names}`;
    this.#temporary.push(name);
    return name;
  }

  #expression(least = 0): Code {
    let left = this.#unary();
    for (;;) {
      const { kind, text: sign } = this.#next;
      const strength = kind === 'text' ? undefined : BINARY[sign];
      if (strength === undefined || strength <= least) return left;
      this.#at += 1;
      // Only ".." groups to the right.
      const right = this.#expression(sign === '..' ? strength - 1 : strength);
      left = { js: this.#binary(sign, one(left), one(right)) };
    }
  }

  #binary(sign: string, left: string, right: string): string {
    switch (sign) {
      case 'and':
      case 'or': {
        const name = this.#temporaryName();
        const [whenTrue, whenFalse] = sign === 'and' ? [right, name] : [name, right];
        return `(L.is(${name} = ${left}) ? ${whenTrue} : ${whenFalse})`;
      }
      case '==':
        return `(${left} === ${right})`;
      case '~=':
        return `(${left} !== ${right})`;
      case '..':
        return `(L.s(${left}) + L.s(${right}))`;
      case '%':
        return `L.modulo(${left}, ${right})`;
      case '<':
      case '<=':
        return `L.${sign === '<' ? 'less' : 'most'}(${left}, ${right})`;
      case '>':
      case '>=':
        return `L.${sign === '>' ? 'less' : 'most'}(${right}, ${left})`;
      default:
        return `(L.n(${left}) ${sign} L.n(${right}))`;
    }
  }

  #unary(): Code {
    if (this.#accept('not')) return { js: `!L.is(${one(this.#expression(UNARY))})` };
    if (this.#accept('#')) return { js: `L.size(${one(this.#expression(UNARY))})` };
    if (this.#accept('-')) return { js: `-L.n(${one(this.#expression(UNARY))})` };
    const { kind, text } = this.#next;
    if (kind === 'number' || kind === 'text') {
      this.#at += 1;
      return { js: kind === 'number' ? String(Number(text)) : JSON.stringify(text) };
    }
    for (const [word, js] of [
      ['nil', 'undefined'],
      ['true', 'true'],
      ['false', 'false'],
    ] as const)
      if (this.#accept(word)) return { js };
    if (this.#accept('function')) return { js: `(${this.#closure()})` };
    if (this.#accept('{')) return this.#table();
    return this.#suffixed();
  }

  #table(): Code {
    const values: Code[] = [];
    const fields: string[] = [];
    while (!this.#accept('}')) {
      const after = this.#tokens[this.#at + 1];
      if (this.#accept('[')) {
        const key = one(this.#expression());
        this.#expect(']');
        this.#expect('=');
        fields.push(`[${key}, ${one(this.#expression())}]`);
      } else if (this.#next.kind === 'name' && after?.text === '=' && after.kind === 'sign') {
        const key = this.#name();
        this.#expect('=');
        fields.push(`[${JSON.stringify(key)}, ${one(this.#expression())}]`);
      } else values.push(this.#expression());
      if (!this.#accept(',')) this.#accept(';');
    }
    return { js: `LuaTable.of(${listOf(values)}${fields.length > 0 ? `, [${fields.join(', ')}]` : ''})` };
  }

  #primary(): Code & { readonly library?: string } {
    if (this.#accept('(')) {
      const inner = one(this.#expression());
      this.#expect(')');
      return { js: `(${inner})` };
    }
    const name = this.#name();
    const own = this.#find(name);
    if (own) return { js: own, set: (value) => `${own} = ${value}` };
    const library = this.#accept('.') ? `${name}.${this.#name()}` : name;
    if (library === 'math.huge') return { js: 'Infinity' };
    if (library === 'redis.call') return { js: 'call', library };
    if (library === 'redis.pcall') return { js: 'L.attempt', library };
    if (!LIBRARY.has(library)) throw new Error(`no Lua that is known: ${library}`);
    return { js: `L.${library.replace('.', '_')}`, library };
  }

  #suffixed(): Code {
    let code: Code & { readonly library?: string } = this.#primary();
    for (;;) {
      if (this.#accept('.')) code = this.#index(code, JSON.stringify(this.#name()));
      else if (this.#accept('[')) {
        const key = one(this.#expression());
        this.#expect(']');
        code = this.#index(code, key);
      } else if (this.#accept('(')) {
        const args = this.#is(')') ? [] : this.#expressions();
        this.#expect(')');
        const given = argumentsOf(args);
        const js = code.library === 'redis.pcall' ? `L.attempt(call, ${given})` : `${code.js}(${given})`;
        code = { js, isMany: code.library === undefined || MANY.has(code.library) };
      } else return code;
    }
  }

  #index(code: Code, key: string): Code {
    const table = one(code);
    return { js: `L.get(${table}, ${key})`, set: (value) => `L.set(${table}, ${key}, ${value})` };
  }
}

function one({ js, isMany }: Code): string {
  return isMany ? `L.first(${js})` : js;
}

function argumentsOf(codes: readonly Code[]): string {
  return codes
    .map((code, at) => (code.isMany && at === codes.length - 1 ? `...L.all(${code.js})` : one(code)))
    .join(', ');
}

function listOf(codes: readonly Code[]): string {
  return `[${argumentsOf(codes)}]`;
}
