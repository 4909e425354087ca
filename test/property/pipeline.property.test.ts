import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseExactJson } from '../../src/base/json.ts';
import { createSchema } from '../../src/features/schema.ts';
import { MAX_DOCUMENT_LENGTH } from '../../src/plan/document.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { documents } from '../support/random/documents.ts';
import { mostly } from '../support/random/mostly.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { writeWhole } from '../support/random/write-document.ts';
import { openAdapterGateways } from './adapter-gateways.ts';
import { ADAPTERS, type Adapter, type AdapterRequest, type Asked, REFERENCE } from './adapters.ts';
import { createRunByGraphql } from './by-graphql.ts';
import { answerAsGenerated, type Temper } from './generated-answers.ts';
import { createTransportByKey } from './transport-by-key.ts';

/** Each run is one document, sent some 40 times. */
const numRuns = propertyRuns(20);
const seed = propertySeed(20261128);

/** The first time a document may be new, the second time it is known. */
const TIMES = 2;

let temper: Temper;
const recorder = await startRecorder((recorded, response) => answerAsGenerated(temper, recorded, response));
const transports = createTransportByKey(recorder.url);
let gateways: Awaited<ReturnType<typeof openAdapterGateways>>;

/** Promises that the gateways left without anybody who hears of their failure: one would end the process. */
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
const others = process.listeners('unhandledRejection');

beforeAll(async () => {
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  gateways = await openAdapterGateways(transports.transport);
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  for (const listener of others) process.on('unhandledRejection', listener);
  await gateways.close();
  await recorder.close();
});

let turn = 0;

/** Sends a request with a key of its own. Gives the answer, and what reached the REST side in its order. */
async function send(adapter: Adapter, request: AdapterRequest) {
  turn += 1;
  const key = `key-${turn}`;
  const { headers, ...answer } = await gateways.send(adapter, request, key);
  await transports.end(key);
  const calls = recorder.calls.splice(0).map(({ line, body }) => `${line} ${body}`);
  return { ...answer, headers: { ...headers }, calls };
}

const runByGraphql = createRunByGraphql(transports.transport);

/** Compares an answer with data with the result of graphql-js. @returns whether it has data */
async function compareWithGraphql(asked: Asked, answer: { body: string; calls: string[] }) {
  const body = parseExactJson(answer.body) as { data?: unknown; errors?: { path?: unknown }[] };
  if (!('data' in body) || asked.headers['x-upstream'] === 'plan') return false;
  turn += 1;
  const result = await runByGraphql(asked, `key-${turn}`);
  await transports.end(`key-${turn}`);
  const calls = recorder.calls.splice(0).map(({ line, body: sent }) => `${line} ${sent}`);
  const { data, errors = [] } = body;
  expect({ data, paths: errors.map(({ path }) => path), calls: answer.calls }).toEqual({ ...result, calls });
  return true;
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
  /** The adapter that comes first, and sees the document when it is new. */
  first: fc.nat(ADAPTERS.length - 1),
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
  // A longer one is refused unread, whatever its hash.
  .filter(({ document }) => document.length <= MAX_DOCUMENT_LENGTH);

it('gives every operation the same bytes and the same REST calls, by every adapter and every time, and the data of graphql-js', {
  // A run takes a quarter of a second, and on a machine that is busy with much else forty times as long.
  timeout: 60_000 + numRuns * 10_000,
}, async () => {
  let compared = 0;
  let ran = 0;
  let comparedWithGraphql = 0;
  const compare = async (asked: Asked, adapters: readonly Adapter[]) => {
    const [request] = REFERENCE.requests(asked);
    const expected = await send(REFERENCE, request as AdapterRequest);
    if (expected.calls.length > 0) ran += 1;
    if (await compareWithGraphql(asked, expected)) comparedWithGraphql += 1;
    for (const adapter of adapters) {
      for (let time = 1; time <= TIMES; time += 1) {
        for (const request of adapter.requests(asked)) {
          const found = await send(adapter, request);
          const what = `${adapter.name}: ${request.method} ${request.target}, time ${time}`;
          expect(found, what).toEqual(expected);
          compared += 1;
        }
      }
    }
  };
  const property = fc.asyncProperty(cases, async ({ requests, first, ...one }) => {
    temper = one.temper;
    for (const { document } of requests) gateways.list(document);
    const adapters = [...ADAPTERS.slice(first), ...ADAPTERS.slice(0, first)];
    for (const asked of requests) await compare(asked, adapters);
    // Taken away: what one document leads to is no part of the next.
    const [logged, left] = [gateways.logged.splice(0), unhandled.splice(0)];
    expect({ logged, unhandled: left }).toEqual({ logged: [], unhandled: [] });
  });
  await fc.assert(property, { seed, numRuns });
  // All of this would hold for a generator of nonsense as well.
  expect(compared).toBeGreaterThanOrEqual(numRuns * 20);
  expect(ran).toBeGreaterThan(numRuns / 2);
  expect(comparedWithGraphql).toBeGreaterThan(numRuns / 2);
});
