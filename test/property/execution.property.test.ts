import fc from 'fast-check';
import { getOperationAST, getVariableValues, execute as graphqlExecute, parse, validate } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { PreparedOperation } from '../../src/plan/prepared-operation.ts';
import { writeOperation } from '../support/random/any-operation.ts';
import { everyType } from '../support/random/every-type.ts';
import { outcomeOf } from '../support/random/outcome.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { ScriptOfValues, type Temper } from '../support/random/script-of-values.ts';

const numRuns = propertyRuns(300);
const seed = propertySeed(42);
const timeoutMs = 60_000 + numRuns * 500;

let unhandled = 0;
const count = () => {
  unhandled += 1;
};
const others = process.listeners('unhandledRejection');

beforeAll(() => {
  // graphql-js leaves promises without a handler when a list ends early: Vitest would take them for failures.
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', count);
});
afterAll(() => {
  process.off('unhandledRejection', count);
  for (const listener of others) process.on('unhandledRejection', listener);
});

const tempers = fc.record({
  seed: fc.nat(),
  faults: fc.constantFrom(0, 0.02, 0.1, 0.3),
  promises: fc.constantFrom(0, 0.1, 0.4, 0.9),
  foreign: fc.constantFrom(0, 0, 0.1),
});

it(
  'any operation has the same result as with graphql-js, by the same calls in the same order',
  async () => {
    let compared = 0;
    const property = fc.asyncProperty(fc.gen(), fc.tuple(tempers, tempers, tempers), async (gen, all) => {
      const { text, variables } = writeOperation(everyType, (limit) => gen(fc.nat, limit - 1));
      const document = parse(text);
      expect(validate(everyType, document)).toEqual([]);
      const operation = getOperationAST(document);
      if (!operation) throw new TypeError('an operation was written');
      const prepared = new PreparedOperation(everyType, document, operation);
      for (const [turn, temper] of all.entries()) {
        const args = { schema: everyType, document, variableValues: variables[turn], rootValue: { turn } };
        const { coerced } = getVariableValues(
          everyType,
          operation.variableDefinitions ?? [],
          args.variableValues ?? {},
        );
        // The pipeline refuses variables that do not fit before anything is executed.
        if (!coerced) continue;
        await expectSame(temper, args, (given) => execute({ ...given, prepared, coerced }));
        compared += 1;
      }
    });
    await fc.assert(property, { numRuns, seed });
    expect(compared / numRuns).toBeGreaterThan(2.5);
  },
  timeoutMs,
);

type Args = Omit<Parameters<typeof graphqlExecute>[0], 'contextValue'>;

async function expectSame(temper: Temper, args: Args, executeThus: typeof graphqlExecute): Promise<void> {
  const scripted = new Map<string, Error>();
  const run = async (how: typeof graphqlExecute) => {
    const script = new ScriptOfValues(temper, scripted);
    return outcomeOf(script, () => how({ ...args, contextValue: script }), scripted);
  };
  unhandled = 0;
  const expected = await run(graphqlExecute);
  const leftByGraphql = unhandled;
  unhandled = 0;
  const actual = await run(executeThus);
  expect(actual).toEqual(expected);
  // Compiled code leaves nothing unhandled; the rest is as graphql-js leaves it.
  expect([0, leftByGraphql]).toContain(unhandled);
}
