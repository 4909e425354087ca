import type { Fault, Mishap } from './faults.ts';
import { isObject } from './fields.ts';

const KINDS: Readonly<
  Partial<Record<Mishap['kind'], (members: Readonly<Record<string, unknown>>) => boolean>>
> = {
  failure: ({ code, message, status }) =>
    Number.isSafeInteger(code) && typeof message === 'string' && (status === undefined || isStatus(status)),
  proxy: ({ status, by = 'none', page = 'challenge' }) =>
    isStatus(status) &&
    ['cloudflare', 'none'].includes(String(by)) &&
    ['challenge', 'code 1020'].includes(String(page)),
  reset: () => true,
  hang: () => true,
  delay: ({ ms }) => isWholeNumberUpTo(ms, 600_000),
};

/** Returns a text if the fault is wrong. */
export function faultIn(value: unknown): Fault | string {
  if (!isObject(value)) return 'a fault is an object';
  const { kind, times = 1, handled = false, method = '', route = '' } = value;
  const isFit = typeof kind === 'string' && Object.hasOwn(KINDS, kind) && KINDS[kind as Mishap['kind']];
  if (!isFit) return `kind is one of ${Object.keys(KINDS).join(', ')}`;
  if (!isFit(value)) return `a member of this ${kind} is missing or wrong`;
  if (!isWholeNumberUpTo(times, 10_000) || times === 0) return 'times is a whole number from 1 to 10000';
  if (typeof handled !== 'boolean') return 'handled is true or false';
  if (typeof method !== 'string' || typeof route !== 'string') return 'method and route are strings';
  return value as unknown as Fault;
}

function isStatus(value: unknown): boolean {
  return isWholeNumberUpTo(value, 599) && value >= 400;
}

function isWholeNumberUpTo(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}
