import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultLimits } from '../src/limits/limits.ts';
import { createSchema } from '../src/schema/index.ts';
import { documents } from './support/documents.ts';
import { openDoorGateways } from './support/door-gateways.ts';
import { type Asked, DOORS, type Door, type DoorRequest, REFERENCE } from './support/doors.ts';
import { answerAsGenerated, type Temper } from './support/generated-answers.ts';
import { mostly } from './support/mostly.ts';
import { startRecorder } from './support/recorder.ts';
import { createTransportByKey } from './support/transport-by-key.ts';
import { writeWhole } from './support/write-document.ts';

/** `npm run fuzz:pipeline` sets both. Each run is one document, sent some 80 times. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 120);
const seed = Number(process.env.FUZZ_SEED ?? 20261128);

/** The first time a document may be new, the second time it is known, the third time all that is made of it is there. */
const TIMES = 3;

let temper: Temper;
const recorder = await startRecorder((recorded, response) => answerAsGenerated(temper, recorded, response));
const transports = createTransportByKey(recorder.url);
let gateways: Awaited<ReturnType<typeof openDoorGateways>>;

/** Promises that our gateways left without anybody who hears of their failure: one would end the process. */
const unhandled: unknown[] = [];
const note = (reason: unknown) => {
  // graphql-js leaves some, when an item of a list fails at once and one before it later.
  if (current !== REFERENCE) unhandled.push(reason);
};
const others = process.listeners('unhandledRejection');
let current: Door | undefined;

beforeAll(async () => {
  // Vitest would take those of graphql-js for failures.
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  gateways = await openDoorGateways(transports.transport);
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  for (const listener of others) process.on('unhandledRejection', listener);
  await gateways.close();
  await recorder.close();
});

let turn = 0;

/** Sends a request with a key of its own. Gives the answer, and what reached the REST side in its order. */
async function send(door: Door, request: DoorRequest) {
  turn += 1;
  current = door;
  const key = `key-${turn}`;
  const { headers, ...answer } = await gateways.send(door, request, key);
  await transports.end(key);
  const calls = recorder.calls.splice(0).map(({ line, body }) => `${line} ${body}`);
  return { ...answer, headers: { ...headers }, calls };
}

const circumstances = fc.record({
  accept: fc.constantFrom(undefined, '*/*', 'application/json', 'application/graphql-response+json'),
  mode: mostly(fc.constantFrom(undefined, 'report'), fc.constant('plan')),
  /** The operation that is asked for. */
  name: mostly(fc.constant('right' as const), fc.constantFrom('none', 'null', 'wrong')),
  hasStrayVariable: fc.boolean(),
  temper: fc.record({
    seed: fc.nat(),
    failed: fc.constantFrom(0, 0, 0.1, 0.4),
    spoilt: fc.constantFrom(0, 0, 0.03, 0.2),
  }),
  /** The door that comes first, and sees the document when it is new. */
  first: fc.nat(DOORS.length - 1),
});

/** One document, and each of its operations with each of its sets of variables. */
const cases = fc
  .tuple(documents(createSchema(), 5), circumstances)
  .map(([made, { accept, mode, name, hasStrayVariable, ...others }]) => {
    const { document, operations, variables, otherVariables } = writeWhole(made);
    const ask = (operation: (typeof operations)[number], set: Asked['variables']): Asked => {
      const names = { right: operation.name, none: undefined, null: null, wrong: 'Nobody' };
      return {
        type: operation.type,
        document,
        variables: hasStrayVariable ? { ...set, nobodyAsksForThis: [null] } : set,
        operationName: names[name],
        headers: {
          'x-request-id': 'one',
          ...(accept && { accept }),
          ...(mode && { 'x-upstream': mode }),
        },
      };
    };
    const sets = otherVariables ? [variables, otherVariables] : [variables];
    const requests = sets.flatMap((set) => operations.map((operation) => ask(operation, set)));
    return { document, requests, ...others };
  })
  // A longer one is refused unread, and so cannot be registered.
  .filter(({ document }) => document.length <= defaultLimits.documentLength);

it('gives every operation the bytes and the REST calls of graphql-js alone, by every door and every time', {
  timeout: 60_000 + numRuns * 1_000,
}, async () => {
  let compared = 0;
  let ran = 0;
  const compare = async (asked: Asked, doors: readonly Door[]) => {
    const [request] = REFERENCE.requests(asked);
    const expected = await send(REFERENCE, request as DoorRequest);
    if (expected.calls.length > 0) ran += 1;
    for (const door of doors) {
      const headers = { ...expected.headers, ...door.adds };
      for (let time = 1; time <= TIMES; time += 1) {
        for (const request of door.requests(asked)) {
          const found = await send(door, request);
          const what = `${door.name}: ${request.method} ${request.target}, time ${time}`;
          expect(found, what).toEqual({ ...expected, headers });
          compared += 1;
        }
      }
    }
  };
  const property = fc.asyncProperty(cases, async ({ requests, first, ...one }) => {
    temper = one.temper;
    const doors = [...DOORS.slice(first), ...DOORS.slice(0, first)];
    for (const asked of requests) await compare(asked, doors);
    // Taken away: what one document leads to is no part of the next.
    const [logged, left] = [gateways.logged.splice(0), unhandled.splice(0)];
    expect({ logged, unhandled: left }).toEqual({ logged: [], unhandled: [] });
  });
  await fc.assert(property, { seed, numRuns });
  // All of this would hold for a generator of nonsense as well. The short form compares 5,000 at least.
  expect(compared).toBeGreaterThanOrEqual(numRuns * 45);
  expect(ran).toBeGreaterThan(numRuns / 2);
});
