import { expect } from 'vitest';

/** Where an error stands and what it says; the other members are facts of its `extensions`. */
interface ErrorFacts {
  readonly path?: unknown;
  readonly message?: unknown;
  readonly locations?: unknown;
  readonly [fact: string]: unknown;
}

/** Members that every error may have beside what a test names: a new one is added here, and to no test. */
const OF_EVERY_ERROR: readonly string[] = ['coordinate'];

/** How Vitest is told what was wanted. */
function verdict(pass: boolean, actual: unknown, expected: object) {
  return { pass, actual, expected, message: () => `the error is ${pass ? 'not to be' : 'to be'} this one` };
}

function split({ path, message, locations, ...facts }: ErrorFacts) {
  // A member that is given as undefined must not be there.
  const named = Object.entries({ path, message, locations });
  return { facts, beside: Object.fromEntries(named.filter(([, value]) => value !== undefined)) };
}

expect.extend({
  /** An error of an answer with this code, that says at least this. */
  toBeError(received: unknown, code: unknown, given: ErrorFacts = {}) {
    const { beside, facts } = split(given);
    const expected = { ...beside, extensions: { code, ...facts } };
    const wanted = { ...beside, extensions: expect.objectContaining({ code, ...facts }) };
    return verdict(this.equals(received, expect.objectContaining(wanted)), received, expected);
  },

  /** An error of an answer with this code, whose `extensions` say this and nothing more. */
  toBeJustError(received: unknown, code: unknown, given: ErrorFacts = {}) {
    const { beside, facts } = split(given);
    const error = (received ?? {}) as { readonly extensions?: object };
    const own = Object.entries(error.extensions ?? {}).filter(([name]) => !OF_EVERY_ERROR.includes(name));
    const expected = { ...beside, extensions: { code, ...facts } };
    const isWithout = Object.keys(given).every(
      (name) => name in expected || name in facts || !(name in error),
    );
    const narrowed = { ...error, extensions: Object.fromEntries(own) };
    return verdict(isWithout && this.equals(narrowed, expect.objectContaining(expected)), received, expected);
  },
});

interface ErrorMatchers<R = unknown> {
  toBeError(code: unknown, facts?: ErrorFacts): R;
  toBeJustError(code: unknown, facts?: ErrorFacts): R;
}

declare module 'vitest' {
  interface Assertion<T> extends ErrorMatchers<T> {}
  interface AsymmetricMatchersContaining extends ErrorMatchers {}
}
