import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, freeForAllScriptId, sessionId } = seeded;

/** Runs a document that must succeed and gives the calls that it cost, in alphabetical order. */
async function callsOf(document: string, variables?: object): Promise<string[]> {
  const { errors } = await fixture.gateway.execute<unknown, object>(document, variables);
  expect(errors).toBeUndefined();
  return [...fixture.lines()].sort();
}

/** As many scripts as a test needs. */
function scriptIds(count: number): string[] {
  const model = fixture.sandbox.scripts.get(scriptId);
  return Array.from({ length: count }, (_, index) => {
    const id = `script-${String(index).padStart(2, '0')}`;
    if (model) fixture.sandbox.scripts.set(id, { ...model, id });
    return id;
  });
}

const oneScript = [`GET /scripts/${scriptId}`];

describe('a script is asked for once', () => {
  it('for each distinct id among fifty', async () => {
    const ids = scriptIds(25);
    const calls = await callsOf('query ($ids: [ID!]!) { scripts(ids: $ids) { id name } }', {
      ids: [...ids, ...ids.toReversed()],
    });
    expect(calls).toEqual(ids.map((id) => `GET /scripts/${id}`));
  });

  it('for each distinct id among twenty aliases', async () => {
    const ids = scriptIds(10);
    const fields = Array.from({ length: 20 }, (_, n) => `a${n}: script(id: "${ids[n % 10]}") { name }`);
    const calls = await callsOf(`{ ${fields.join(' ')} }`);
    expect(calls).toEqual(ids.map((id) => `GET /scripts/${id}`));
  });

  it('by script, scripts, session and _entities together', async () => {
    const calls = await callsOf(
      `{
        script(id: "${scriptId}") { name }
        scripts(ids: ["${scriptId}"]) { enabled }
        session(id: "${sessionId}") { script { name } }
        _entities(representations: [{ __typename: "Script", id: "${scriptId}" }]) { ... on Script { name } }
      }`,
    );
    expect(calls).toEqual([...oneScript, `GET /sessions/${sessionId}`]);
  });

  it('with its project, which comes with the script', async () => {
    expect(await callsOf(`{ script(id: "${scriptId}") { project { id __typename } } }`)).toEqual(oneScript);
  });

  it('for all the sessions that run it', async () => {
    const calls = await callsOf(
      `{ script(id: "${scriptId}") { sessions(first: 50) { nodes { script { id name } } } } }`,
    );
    expect(calls).toEqual([...oneScript, `POST /scripts/${scriptId}/sessions`]);
  });
});

describe('the lists of a script', () => {
  it('are asked for once when executions are selected twice', async () => {
    const calls = await callsOf(
      `{ script(id: "${scriptId}") { a: executions { date } b: executions { count } } }`,
    );
    expect(calls).toEqual([...oneScript, `GET /scripts/${scriptId}/executions`]);
  });

  it('are asked for once when the same page is selected twice', async () => {
    const calls = await callsOf(
      `{
        script(id: "${scriptId}") {
          a: sessions(first: 5) { nodes { id } }
          b: sessions(first: 5, after: null, filter: {}) { pageInfo { hasNextPage } }
        }
        same: script(id: "${scriptId}") { sessions(first: 5) { edges { cursor } } }
      }`,
    );
    expect(calls).toEqual([...oneScript, `POST /scripts/${scriptId}/sessions`]);
  });

  it('are asked for once by the same filter, whatever the order of its fields', async () => {
    const [place, user] = [seeded.placeId, seeded.robloxId];
    const calls = await callsOf(
      `{
        script(id: "${scriptId}") {
          a: sessions(filter: { placeId: ${place}, robloxId: ${user} }) { nodes { id } }
          b: sessions(filter: { robloxId: "${user}", placeId: "${place}", jobId: null }) { nodes { userKey } }
        }
      }`,
    );
    expect(calls).toEqual([
      ...oneScript,
      `GET /scripts/${scriptId}/sessions/filter?from=0&limit=51&roblox_id=${user}&place_id=${place}`,
    ]);
  });

  it('are asked for separately by page, filter and script', async () => {
    await callsOf(
      `{
        script(id: "${scriptId}") {
          a: sessions(first: 5) { nodes { id } }
          b: sessions(first: 6) { nodes { id } }
          c: sessions(first: 5, filter: { placeId: 1 }) { nodes { id } }
          d: sessions(first: 5, filter: { jobId: 1 }) { nodes { id } }
        }
        other: script(id: "${freeForAllScriptId}") { sessions(first: 5) { nodes { id } } }
      }`,
    );
    expect(fixture.lines()).toHaveLength(2 + 5);
  });
});

describe('a write', () => {
  it('costs one call when nothing is read again', async () => {
    const calls = await callsOf(
      `mutation { editScript(input: { id: "${scriptId}", name: "x" }) { __typename } }`,
    );
    expect(calls).toEqual([`POST /scripts/${scriptId}/edit`]);
  });

  it('costs two when the script is selected, however often', async () => {
    await callsOf(
      `mutation {
        editScript(input: { id: "${scriptId}", name: "x" }) {
          ... on EditScriptSuccess { script { name } again: script { project { id } } }
        }
      }`,
    );
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/edit`, `GET /scripts/${scriptId}`]);
  });

  it('costs one when it is refused, whatever is selected of its success', async () => {
    const calls = await callsOf(
      `mutation {
        editScript(input: { id: "unknown", name: "x" }) { ... on EditScriptSuccess { script { name } } }
      }`,
    );
    expect(calls).toEqual(['POST /scripts/unknown/edit']);
  });

  it('costs one when the script is selected but skipped', async () => {
    const calls = await callsOf(
      `mutation {
        toggleScript(input: { id: "${scriptId}", enabled: true }) {
          ... on ToggleScriptSuccess @skip(if: true) { script { name } }
        }
      }`,
    );
    expect(calls).toEqual([`POST /scripts/${scriptId}/toggle`]);
  });

  it('is made again when it is written twice', async () => {
    const input = `input: { id: "${scriptId}", source: "return 1" }`;
    await callsOf(
      `mutation { a: updateScript(${input}) { __typename } b: updateScript(${input}) { __typename } }`,
    );
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/update`, `POST /scripts/${scriptId}/update`]);
  });
});

describe('nothing is asked for', () => {
  it.each([
    '{ __typename }',
    '{ __schema { queryType { name } } }',
    '{ __type(name: "Script") { kind } }',
    '{ scripts(ids: []) { id } }',
    '{ _service { sdl } }',
    '{ ... @include(if: false) { script(id: "a") { id } } }',
    'query { script(id: "a") @skip(if: true) { id } }',
  ])('by %s', async (document) => {
    expect(await callsOf(document)).toEqual([]);
  });
});
