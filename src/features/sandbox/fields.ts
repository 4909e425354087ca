import type { WireInvalidField } from '../../luaauth/wire.ts';
import { invalid, type SandboxValues } from './endpoint.ts';

export function isObject(value: unknown): value is SandboxValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Readers of the members of a body, which return undefined for an absent or wrong member. Call `check` when all are read. */
export function createFields(values: SandboxValues) {
  const failed: WireInvalidField[] = [];
  const fail = (field: string, ...errors: WireInvalidField['errors']) => {
    failed.push({ field, errors });
    return undefined;
  };
  const read = <T>(name: string, kind: string, fits: (value: unknown) => value is T): T | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    return fits(value) ? value : fail(name, `must be ${kind}`);
  };
  const whole = (name: string) => read(name, 'a whole number, 0 or more', isWhole);
  return {
    text: (name: string) => read(name, 'a string', isText),
    flag: (name: string) => read(name, 'a boolean', isFlag),
    /** An index, a duration or an instant in ms. */
    whole,
    /** For edits, where `""` clears. */
    clearableText(name: string, maxLength = Number.POSITIVE_INFINITY): string | null | undefined {
      const value = read(name, 'a string', isText);
      if (value !== undefined && [...value].length > maxLength) {
        return fail(name, `must have at most ${maxLength} characters`);
      }
      return value === '' ? null : value;
    },
    clearableWhole: (name: string) => (values[name] === '' ? null : whole(name)),
    /** A Roblox number in a query, kept as digits so that none is too large. */
    digits: (name: string) => read(name, 'a number', isDigits),
    texts(name: string): string[] | undefined {
      const list = read(name, 'a list of strings', Array.isArray) as unknown[] | undefined;
      if (!list || list.every(isText)) return list;
      const errors = list.flatMap((item, index) => (isText(item) ? [] : [`item ${index} must be a string`]));
      return fail(name, { message: 'has invalid items', errors });
    },
    /** @throws a refusal that names each wrong member, and each required member that is missing */
    check(...required: string[]): void {
      const missing = required.filter((name) => values[name] === undefined);
      const problems = [...missing.map((field) => ({ field, errors: ['is required'] })), ...failed];
      if (problems.length > 0) throw invalid(problems);
    },
  };
}

/** Null leaves a field unchanged. */
export function createEditFields(body: SandboxValues) {
  return createFields(Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)));
}

/** The given members of an edit. Undefined if there are none. */
export function changesOf<Edit extends object>(edit: Edit): Partial<Edit> | undefined {
  const given = Object.entries(edit).filter(([, value]) => value !== undefined);
  return given.length > 0 ? (Object.fromEntries(given) as Partial<Edit>) : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isDigits = (value: unknown): value is string => isText(value) && /^\d+$/.test(value);
