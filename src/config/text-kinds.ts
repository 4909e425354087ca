import { isIP } from 'node:net';
import { ID_FORM, isId } from '../luaauth/decoders.ts';
import { type Kind, objectOf, oneOf, textLike, trueOrFalse, wholeNumber } from './kinds.ts';
import { describeBadKeys, isKeysFile, isPath, KEY_FORM } from './plain-keys.ts';
import { Unusable } from './unusable.ts';

/** A kind of a variable or a flag, whose value is written as a text. */
export interface TextKind<Value = unknown> extends Kind {
  /** Returns undefined, or a value that the kind does not have, for a text that is not allowed. */
  readonly parse: (text: string) => Value | undefined;
  /** Replaces `allowed` for texts, whose forms are richer. */
  readonly allowedText?: string;
  /** The value's form in help; `value` by default. */
  readonly form?: 'ms' | 'url' | 'file';
  /** Of a secret: the value as a text, from the text of its file; by default the file without spaces at its ends. @throws Unusable */
  readonly inFile?: (content: string) => string;
  /** Of a secret: whether a file with this path has another form, which is read elsewhere. */
  readonly isOtherFile?: (path: string) => boolean;
  /** On or off: the flag has no value. */
  readonly isSwitch?: boolean;
}

/** Undefined if the text is not allowed. */
export function readText<Value>({ parse, has }: TextKind<Value>, text: string): Value | undefined {
  const value = parse(text);
  return value !== undefined && has(value) ? value : undefined;
}

const PLAIN = { '': 1 };
const TIME_UNITS = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
// The documentation counts kB and MB in the same way.
const SIZE_UNITS = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2 };

function inUnits(units: Readonly<Record<string, number>>): TextKind<number>['parse'] {
  return (text) => {
    const [, digits, unit = ''] = /^(\d{1,9})(?: ?([a-z]+))?$/i.exec(text) ?? [];
    return Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN);
  };
}

/** A whole number from `least` to `most`. `zero` describes a special meaning of 0. */
export function count(least: number, most: number, zero?: string): TextKind<number> {
  return { ...wholeNumber(least, most, zero), parse: inUnits(PLAIN) };
}

/** Requests per second; 0 means no limit. */
export function perSecond(most: number): TextKind<number> {
  const { allowed, ...kind } = count(0, most, 'no limit');
  return { ...kind, allowed: `requests per second, ${allowed}` };
}

/** A time in milliseconds, as a text also with a unit: `500ms`, `2s`, `5m`, `1h`. */
export function duration(least: number, most: number, zero?: string): TextKind<number> {
  const { has, allowed } = wholeNumber(least, most, zero);
  return {
    has,
    parse: inUnits(TIME_UNITS),
    allowed: `milliseconds, ${allowed}`,
    allowedText: `milliseconds, ${allowed}, or with a unit such as 2s or 500ms`,
    form: 'ms',
  };
}

/** Times by name, as a text such as `executions=1m,ads=10m`. */
export function durations(names: readonly string[]): TextKind<Readonly<Record<string, number>>> {
  const time = duration(0, 3_600_000, 'off');
  return {
    ...objectOf(Object.fromEntries(names.map((name) => [name, time]))),
    parse(text) {
      const pairs = text.split(',').map((pair) => /^\s*(\w+)\s*=\s*([\w ]+?)\s*$/.exec(pair) ?? []);
      const times = pairs.map(([, name = '', given = '']) => [name, readText(time, given)] as const);
      const areAllowed = times.every(([name, ms]) => names.includes(name) && ms !== undefined);
      return areAllowed ? (Object.fromEntries(times) as Record<string, number>) : undefined;
    },
    allowedText: `a list such as ${names[1]}=1m,${names[0]}=10m, of ${names.join(', ')}, each with at most 1h (0: off)`,
  };
}

const MOST = 100_000_000;

/** A maximum in these units. In a text 0 stands for `Infinity`. */
function maximum(units: Readonly<Record<string, number>>, what: string, more: string): TextKind<number> {
  const parse = inUnits(units);
  const { has } = wholeNumber(1, MOST);
  return {
    has: (value) => has(value) || value === Number.POSITIVE_INFINITY,
    parse(text) {
      const value = parse(text);
      return value === 0 ? Number.POSITIVE_INFINITY : value;
    },
    allowed: `${what}a whole number from 1 to ${MOST}, or Infinity`,
    allowedText: `${what}a whole number from 0 to ${MOST}${more} (0: no limit)`,
  };
}

export const limit = maximum(PLAIN, '', '');

/** A maximum size in bytes, plain or with a unit: `64kB`, `4MB`. */
export const sizeLimit = maximum(SIZE_UNITS, 'bytes, ', ', or with a unit such as 4MB or 64kB');

const SWITCH = new Map(['true', '1', 'on', 'false', '0', 'off'].map((word, index) => [word, index < 3]));

export const onOff: TextKind<boolean> = { ...trueOrFalse, parse: (text) => SWITCH.get(text), isSwitch: true };

export function word<const Word extends string>(words: readonly Word[]): TextKind<Word> {
  return { ...oneOf(words), parse: (text) => words.find((known) => known === text) };
}

const asIs = (text: string) => text;

function text(pattern: RegExp, allowed: string): TextKind<string> {
  return { ...textLike(pattern, allowed), parse: asIs };
}

export const anyText = text(/^/, 'any text');
export const filePath: TextKind<string> = { ...text(/./s, 'the path of a file'), form: 'file' };
export const redisPrefix = text(/^[\w.:-]{1,64}$/, '1 to 64 letters, digits and - . _ :');
export const claim = text(/^[\x20-\x7e]{1,500}$/, '1 to 500 visible ASCII characters');

/**
 * A name of several words. Refuses what other programs take to say which proxies they trust: a number, a switch, an
 * address, or a word such as loopback.
 */
export const headerName: TextKind<string> = {
  ...text(
    /^[a-z][a-z\d]*(?:-[a-z\d]+)+$/i,
    'the name of the header in which the proxy names its client, such as x-forwarded-for, x-real-ip or cf-connecting-ip, not an address or a number of proxies',
  ),
  parse: (name) => name.toLowerCase(),
};

/** Four numbers are an address, and each is at most 255. */
export const host: TextKind<string> = {
  has: (value) =>
    typeof value === 'string' &&
    /^[\w.:-]+$/.test(value) &&
    (!/^\d+(?:\.\d+){3}$/.test(value) || isIP(value) > 0),
  parse: asIs,
  allowed: 'a host name or an IP address to listen on',
};

export const key: TextKind<string> = {
  has: (value) => typeof value === 'string' && /^[\x21-\x7e]{1,512}$/.test(value) && !isPath(value),
  parse: asIs,
  allowed: '1 to 512 visible ASCII characters without spaces, and not a path',
  allowedText:
    '1 to 512 visible ASCII characters without spaces, and not a path. A variable whose name ends in _FILE takes the path of a file that holds the key',
};

const isTextList = (value: unknown) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
const itemsIn = (text: string) => text.split(',').map((item) => item.trim());

/** A list of keys. In a file each has a line, beside comments. A .json file has entries with scopes instead. */
export const keyList: TextKind<readonly string[]> = {
  has: isTextList,
  inFile(content) {
    const keys = withoutComments(content);
    if (/^[[{]/.test(keys))
      throw new Unusable(
        'it holds JSON, but by its name it is a plain list of keys. Give it a name that ends in .json.',
      );
    if (keys === '')
      throw new Unusable('it holds no key. Put a key in each line; "luaauth-graphql keys new" makes one.');
    return keys;
  },
  isOtherFile: isKeysFile,
  parse: (text) => text.split(/[,\n]/).map((item) => item.trim()),
  problem: describeBadKeys,
  allowed: `a list of keys, each ${KEY_FORM}`,
  allowedText: `keys separated by commas or line breaks, each ${KEY_FORM}`,
};

/** The lines of a list without comments and empty lines. A comment is a line of its own, or follows a space. */
function withoutComments(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#.*/, '').trim());
  return lines.filter((line) => line !== '').join('\n');
}

/** Ids of LuaAuth, each once. */
export function idList(most: number): TextKind<readonly string[]> {
  return {
    has: (value) =>
      isTextList(value) && (value as string[]).every(isId) && (value as string[]).length <= most,
    parse: (text) => [...new Set(itemsIn(text))],
    allowed: `a list of up to ${most} ids, each ${ID_FORM}`,
    allowedText: `up to ${most} ids separated by commas, each ${ID_FORM}`,
  };
}

export const origins: TextKind<readonly string[]> = {
  has: (value) =>
    isTextList(value) && ((value as string[]).join() === '*' || (value as string[]).every(isOrigin)),
  parse: itemsIn,
  allowed: 'a list of origins such as https://app.example.com, or of * alone for every origin',
  allowedText:
    'origins such as https://app.example.com, without a path or a slash at the end, separated by commas; or * alone for every origin',
};

function isOrigin(text: string): boolean {
  return readUrl(text)?.origin === text;
}

export const redisUrl: TextKind<string> = {
  has(value) {
    const text = String(value);
    const { hostname, pathname = '', username = '', password = '' } = readUrl(text) ?? {};
    const isAddress = /^rediss?:\/\/[^/]/.test(text) && hostname && /^\/?\d*$/.test(pathname);
    return Boolean(isAddress) && isEncoded(username + password);
  },
  parse: asIs,
  allowed: 'a percent-encoded URL such as redis://host:6379 or rediss://user:password@host:6380/0',
  form: 'url',
};

export const httpUrl: TextKind<URL> = {
  /** Also for the text of such a URL. */
  has: (value) =>
    (typeof value === 'string' || value instanceof URL) && readHttpUrl(String(value)) !== undefined,
  parse: readHttpUrl,
  allowed: 'a URL that begins with http:// or https://, without user, query or fragment',
  form: 'url',
};

function readHttpUrl(text: string): URL | undefined {
  const url = readUrl(text);
  const hasMore = url && url.username + url.password + url.search + url.hash !== '';
  return /^https?:$/.test(url?.protocol ?? '') && !hasMore ? url : undefined;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function readUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
