/**
 * Vite maps a stack to the sources when it is read. graphql-js reads the stack of every error of a resolver, which took a
 * twentieth of the tests' time. So only errors of the language and of assertions are mapped; other errors say only where
 * they were made.
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
