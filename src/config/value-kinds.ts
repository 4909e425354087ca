import { ID_FORM, isId } from '../luaauth/decoders.ts';
import { describeBadKeys, KEY_FORM } from './plain-keys.ts';

export interface Kind<Value = unknown> {
  /** Reads a text. Undefined if it is not allowed. */
  readonly read: (text: string) => Value | undefined;
  /** Describes a problem in more detail, without quoting a secret. `others` has the values of earlier rows. */
  readonly problem?: (text: string, others: Readonly<Record<string, unknown>>) => string | undefined;
  /** The allowed values, in words that follow "must be". */
  readonly allowed: string;
  /** The value's form in help; `value` by default. */
  readonly form?: 'ms' | 'url' | 'file';
  /** On or off: the flag needs no value. */
  readonly isSwitch?: boolean;
  /** The allowed value that a wrong text obviously meant. */
  readonly meant?: (text: string) => string | undefined;
}

const PLAIN = { '': 1 };
const TIME_UNITS = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
// The documentation counts kB and MB in the same way.
const SIZE_UNITS = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2 };

/** A whole number from `least` to `most`. `zero` describes a special meaning of 0. */
export function wholeNumber(least: number, most: number, zero?: string): Kind<number> {
  return { read: inUnits(PLAIN, least, most), allowed: `${range(least, most)}${ifZero(zero)}` };
}

/** Requests per second; 0 means no limit. */
export function perSecond(most: number): Kind<number> {
  const { read, allowed } = wholeNumber(0, most, 'no limit');
  return { read, allowed: `requests per second, ${allowed}` };
}

/** A time in milliseconds, or with a unit: `500ms`, `2s`, `5m`, `1h`. Read as milliseconds. */
export function duration(least: number, most: number, zero?: string): Kind<number> {
  return {
    read: inUnits(TIME_UNITS, least, most),
    allowed: `milliseconds, ${range(least, most)}, or with a unit such as 2s or 500ms${ifZero(zero)}`,
    form: 'ms',
  };
}

/** Times by name, such as `executions=1m,ads=10m`. Read as milliseconds. */
export function durations(names: readonly string[]): Kind<Readonly<Record<string, number>>> {
  const { read } = duration(0, 3_600_000);
  return {
    read(text) {
      const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
      const times = pairs.map(([name = '', time = '', ...more]) => {
        return more.length === 0 && names.includes(name) ? ([name, read(time)] as const) : undefined;
      });
      const isAllowed = (pair: (typeof times)[number]): pair is [string, number] => pair?.[1] !== undefined;
      return times.every(isAllowed) ? Object.fromEntries(times) : undefined;
    },
    allowed: `a list such as ${names[1]}=1m,${names[0]}=10m, of ${names.join(', ')}, each with at most 1h (0: off)`,
  };
}

const MOST = 100_000_000;

/** A maximum count. 0 is read as `Infinity`. */
export const limit: Kind<number> = {
  read: noLimitIfZero(inUnits(PLAIN, 0, MOST)),
  allowed: `${range(0, MOST)}${ifZero('no limit')}`,
};

/** A maximum size in bytes, plain or with a unit: `64kB`, `4MB`. 0 is read as `Infinity`. */
export const sizeLimit: Kind<number> = {
  read: noLimitIfZero(inUnits(SIZE_UNITS, 0, MOST)),
  allowed: `bytes, ${range(0, MOST)}, or with a unit such as 4MB or 64kB${ifZero('no limit')}`,
};

const SWITCH = new Map(['true', '1', 'on', 'false', '0', 'off'].map((word, index) => [word, index < 3]));

export const onOff: Kind<boolean> = {
  read: (text) => SWITCH.get(text),
  allowed: 'true or false',
  isSwitch: true,
};

export function oneOf<const Word extends string>(words: readonly [Word, ...Word[]]): Kind<Word> {
  return { read: (text) => words.find((word) => word === text), allowed: `one of ${words.join(', ')}` };
}

export const anyText: Kind<string> = { read: (text) => text, allowed: 'any text' };

export const filePath: Kind<string> = { ...anyText, allowed: 'the path of a file', form: 'file' };

export const headerName: Kind<string> = {
  read: (text) => textLike(/^[\w!#$%&'*+.^`|~-]+$/)(text)?.toLowerCase(),
  allowed: 'the name of a header, such as x-forwarded-for',
};

export const host: Kind<string> = {
  read: textLike(/^[\w.:-]+$/),
  allowed: 'a host name or an IP address to listen on',
};

export const redisPrefix: Kind<string> = {
  read: textLike(/^[\w.:-]{1,64}$/),
  allowed: '1 to 64 letters, digits and - . _ :',
};

export const key: Kind<string> = {
  read: textLike(/^[\x21-\x7e]{1,512}$/),
  allowed: '1 to 512 visible ASCII characters without spaces',
};

const keysIn = (text: string) => text.split(/[,\n]/).map((one) => one.trim());

export const keyList: Kind<string[]> = {
  read: keysIn,
  problem: (text, { LUAAUTH_TOKEN: heldKey }) => describeBadKeys(keysIn(text), heldKey),
  allowed: `keys separated by commas or line breaks, each ${KEY_FORM}`,
};

/** Ids of LuaAuth, each once. */
export function idList(most: number): Kind<string[]> {
  const idsIn = (text: string) => [...new Set(text.split(',').map((one) => one.trim()))];
  return {
    read: idsIn,
    problem(text) {
      const ids = idsIn(text);
      const wrong = ids.filter((id: unknown) => !isId(id))[0];
      if (wrong !== undefined) return `${JSON.stringify(wrong.slice(0, 60))}: must be an id: ${ID_FORM}.`;
      return ids.length > most ? `has ${ids.length} ids. Give ${most} at most.` : undefined;
    },
    allowed: `up to ${most} ids separated by commas`,
  };
}

export const claim: Kind<string> = {
  read: textLike(/^[\x20-\x7e]{1,500}$/),
  allowed: '1 to 500 visible ASCII characters',
};

const listOfOrigins = listOf(/,/, (text) => (readUrl(text)?.origin === text ? text : undefined));

export const origins: Kind<string[]> = {
  read: (text) => (text.trim() === '*' ? ['*'] : listOfOrigins(text)),
  allowed: 'origins such as https://app.example.com separated by commas, or * alone for every origin',
  // Browsers show an address with a slash or a path after the origin.
  meant: (text) => listOf(/,/, (one) => httpUrl.read(one)?.origin ?? withScheme(one))(text)?.join(','),
};

export const redisUrl: Kind<string> = {
  read(text) {
    const { hostname, pathname = '', username = '', password = '' } = readUrl(text) ?? {};
    const isAddress = /^rediss?:\/\/[^/]/.test(text) && hostname && /^\/?\d*$/.test(pathname);
    return isAddress && isEncoded(username + password) ? text : undefined;
  },
  allowed: 'a percent-encoded URL such as redis://host:6379 or rediss://user:password@host:6380/0',
  form: 'url',
};

export const httpUrl: Kind<URL> = {
  read(text) {
    const url = readUrl(text);
    const hasMore = url && url.username + url.password + url.search + url.hash !== '';
    return /^https?:$/.test(url?.protocol ?? '') && !hasMore ? url : undefined;
  },
  allowed: 'an http or https URL without user, query or fragment',
  form: 'url',
  meant: withScheme,
};

function withScheme(text: string): string | undefined {
  const scheme = /^(?:localhost|127\.|\[)/.test(text) ? 'http' : 'https';
  const url = `${scheme}://${text}`;
  return !text.includes('://') && httpUrl.read(url) ? url : undefined;
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

function textLike(pattern: RegExp): Kind<string>['read'] {
  return (text) => (pattern.test(text) ? text : undefined);
}

/** Reads all items of a list. Undefined if any item is not allowed. */
function listOf(separator: RegExp, read: Kind<string>['read']): Kind<string[]>['read'] {
  return (list) => {
    const all = list.split(separator).map((one) => read(one.trim()));
    return all.every((one) => one !== undefined) ? all : undefined;
  };
}

function inUnits(units: Readonly<Record<string, number>>, least: number, most: number): Kind<number>['read'] {
  return (text) => {
    const [, digits, unit = ''] = /^(\d{1,9})(?: ?([a-z]+))?$/i.exec(text) ?? [];
    const value = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN);
    return value >= least && value <= most ? value : undefined;
  };
}

function range(least: number, most: number): string {
  return `a whole number from ${least} to ${most}`;
}

function ifZero(meaning: string | undefined): string {
  return meaning === undefined ? '' : ` (0: ${meaning})`;
}

function noLimitIfZero(read: Kind<number>['read']): Kind<number>['read'] {
  return (text) => {
    const most = read(text);
    return most === 0 ? Number.POSITIVE_INFINITY : most;
  };
}
