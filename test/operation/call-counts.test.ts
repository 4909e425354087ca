import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, freeForAllScriptId, sessionId, placeId, robloxId } = seeded;

/** Runs a document that must succeed and gives the calls that it cost, in alphabetical order. */
async function callsOf(document: string, variables?: object): Promise<string[]> {
  const { errors } = await fixture.gateway.execute<unknown, object>(document, variables);
  expect(errors).toBeUndefined();
  return [...fixture.lines()].sort();
}

const script = `script(id: "${scriptId}")`;
const GET = `GET /scripts/${scriptId}`;
const SESSION = `GET /sessions/${sessionId}`;
const PAGE = `POST /scripts/${scriptId}/sessions`;
const EDIT = `POST /scripts/${scriptId}/edit`;
const edit = (selected: string, id: string = scriptId) =>
  `mutation { editScript(input: { id: "${id}", name: "x" }) { ${selected} } }`;
const update = `updateScript(input: { id: "${scriptId}", source: "return 1" }) { __typename }`;

it.each<[what: string, document: string, calls: string[]]>([
  [
    'a script by script, scripts, session and _entities together',
    `{ ${script} { name } scripts(ids: ["${scriptId}"]) { enabled } session(id: "${sessionId}") { script { name } }
       _entities(representations: [{ __typename: "Script", id: "${scriptId}" }]) { ... on Script { name } } }`,
    [GET, SESSION],
  ],
  ['a script with its project, which comes with it', `{ ${script} { project { id __typename } } }`, [GET]],
  [
    'a script for all the sessions that run it',
    `{ ${script} { sessions(first: 50) { nodes { script { id name } } } } }`,
    [GET, PAGE],
  ],
  [
    'executions twice',
    `{ ${script} { a: executions { date } b: executions { count } } }`,
    [GET, `${GET}/executions`],
  ],
  [
    'the same page twice',
    `{ ${script} { a: sessions(first: 5) { nodes { id } } b: sessions(first: 5, after: null, filter: {}) { pageInfo { hasNextPage } } }
       same: ${script} { sessions(first: 5) { edges { cursor } } } }`,
    [GET, PAGE],
  ],
  [
    'the same filter twice, whatever the order of its fields',
    `{ ${script} {
         a: sessions(filter: { placeId: ${placeId}, robloxId: ${robloxId} }) { nodes { id } }
         b: sessions(filter: { robloxId: "${robloxId}", placeId: "${placeId}", jobId: null }) { nodes { userKey } } } }`,
    [GET, `${GET}/sessions/filter?from=0&limit=51&roblox_id=${robloxId}&place_id=${placeId}`],
  ],
  ['a write, of which nothing is read again', edit('__typename'), [EDIT]],
  [
    'a write, whose script is selected twice',
    edit('... on EditScriptSuccess { script { name } again: script { project { id } } }'),
    [GET, EDIT],
  ],
  [
    'a refused write, whatever is selected of its success',
    edit('... on EditScriptSuccess { script { name } }', 'unknown'),
    ['POST /scripts/unknown/edit'],
  ],
  [
    'a write, whose script is selected but skipped',
    edit('... on EditScriptSuccess @skip(if: true) { script { name } }'),
    [EDIT],
  ],
])('makes each call once for %s', async (_what, document, calls) => {
  expect(await callsOf(document)).toEqual(calls);
});

describe('each distinct id costs one call', () => {
  /** As many scripts as a test needs. */
  const scriptIds = (count: number): string[] => {
    const model = fixture.sandbox.scripts.get(scriptId);
    return Array.from({ length: count }, (_, index) => {
      const id = `script-${String(index).padStart(2, '0')}`;
      if (model) fixture.sandbox.scripts.set(id, { ...model, id });
      return id;
    });
  };

  it('among fifty, and among twenty aliases', async () => {
    const ids = scriptIds(25);
    const all = await callsOf('query ($ids: [ID!]!) { scripts(ids: $ids) { id name } }', {
      ids: [...ids, ...ids.toReversed()],
    });
    expect(all).toEqual(ids.map((id) => `GET /scripts/${id}`));
    fixture.sandbox.reset();
    const ten = scriptIds(10);
    const fields = Array.from({ length: 20 }, (_, n) => `a${n}: script(id: "${ten[n % 10]}") { name }`);
    expect(await callsOf(`{ ${fields.join(' ')} }`)).toEqual(ten.map((id) => `GET /scripts/${id}`));
  });
});

it('makes a call for each page, filter and script', async () => {
  await callsOf(
    `{ ${script} {
         a: sessions(first: 5) { nodes { id } }
         b: sessions(first: 6) { nodes { id } }
         c: sessions(first: 5, filter: { placeId: 1 }) { nodes { id } }
         d: sessions(first: 5, filter: { jobId: 1 }) { nodes { id } } }
       other: script(id: "${freeForAllScriptId}") { sessions(first: 5) { nodes { id } } } }`,
  );
  expect(fixture.lines()).toHaveLength(2 + 5);
});

it('makes a write again when it is written twice', async () => {
  await callsOf(`mutation { a: ${update} b: ${update} }`);
  expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/update`, `POST /scripts/${scriptId}/update`]);
});

it.each([
  '{ __typename }',
  '{ __schema { queryType { name } } }',
  '{ __type(name: "Script") { kind } }',
  '{ scripts(ids: []) { id } }',
  '{ _service { sdl } }',
  '{ ... @include(if: false) { script(id: "a") { id } } }',
  'query { script(id: "a") @skip(if: true) { id } }',
])('asks for nothing by %s', async (document) => {
  expect(await callsOf(document)).toEqual([]);
});
