import fc from 'fast-check';
import { getVariableValues, execute as graphqlExecute, Kind, parse, validate } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { prepareOperation } from '../../src/plan/prepared-operation.ts';
import { coerceVariables } from '../../src/plan/variables.ts';
import { documents } from '../support/random/documents.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { writeWhole } from '../support/random/write-document.ts';
import { everyType } from './every-type.ts';
import { noLimits, outcomeOf } from './outcome.ts';
import { ScriptOfValues, type Temper } from './script-of-values.ts';

const numRuns = propertyRuns(150);
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
    const property = fc.asyncProperty(documents(everyType, 5), tempers, async (made, temper) => {
      const { document: text, variables, otherVariables } = writeWhole(made);
      const document = parse(text);
      // The pipeline refuses these, and variables that do not fit, before anything is executed.
      if (validate(everyType, document).length > 0) return;
      const sets = otherVariables ? [variables, otherVariables, variables] : [variables, variables];
      for (const operation of document.definitions) {
        if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
        const prepared = prepareOperation(everyType, document, operation);
        for (const [turn, variableValues] of sets.entries()) {
          const operationName = operation.name?.value;
          const args = { schema: everyType, document, operationName, variableValues, rootValue: { turn } };
          const expected = getVariableValues(everyType, operation.variableDefinitions ?? [], variableValues);
          const found = coerceVariables(prepared, variableValues);
          const coerced = 'coerced' in found ? found.coerced : undefined;
          expect(coerced && { ...coerced }).toEqual(expected.coerced && { ...expected.coerced });
          if (!coerced) continue;
          const ofTurn = { ...temper, seed: temper.seed + turn };
          await expectSame(ofTurn, args, (given) =>
            execute({ ...given, prepared, coerced, limits: noLimits }),
          );
          compared += 1;
        }
      }
    });
    await fc.assert(property, { numRuns, seed });
    // The property would hold for a generator of nonsense as well.
    expect(compared / numRuns).toBeGreaterThan(1.5);
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
