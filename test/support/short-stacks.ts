/**
 * Vite maps a stack to the sources when somebody reads it. graphql-js reads that of every error of a resolver, and nobody sees
 * it: a twentieth of all that the tests do. So only errors of the language and of assertions are mapped, and any other says no more
 * than where it was made.
 */
const MAPPED = new Set([
  'AggregateError',
  'AssertionError',
  'Error',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
]);

const ours = Symbol.for('luaauth-graphql: short stacks');
type Format = NonNullable<typeof Error.prepareStackTrace> & { [ours]?: true };

const mapped: Format | undefined = Error.prepareStackTrace;
if (mapped && !mapped[ours]) {
  const format: Format = (error, sites) =>
    MAPPED.has(error.constructor?.name)
      ? mapped(error, sites)
      : [`${error}`, ...sites.slice(0, 1)].join('\n    at ');
  format[ours] = true;
  Error.prepareStackTrace = format;
}
