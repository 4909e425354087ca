import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { projectId, namesProjectId, scriptId } = seeded;

const LISTED = graphql(`
  query Listed($id: ID!) {
    project(id: $id) {
      executions {
        date
        count
      }
      scripts {
        id
        name
        executions {
          date
          count
        }
      }
    }
  }
`);

/** Sets the API's answer for the executions of a project. */
function listAs(executions: unknown, times = 1) {
  fixture.sandbox.fault({
    kind: 'raw',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ success: true, executions }),
    route: 'GET /projects/:project_id/executions',
    times,
  });
}

describe('the project of a script', () => {
  const ofScript = (selection: string) => `{ script(id: "${scriptId}") { name project { ${selection} } } }`;
  const script = `GET /scripts/${scriptId}`;

  it.each([
    ['id', []],
    ['id __typename', []],
    ['name', [`GET /projects/${projectId}`]],
    ['executions { date }', [`GET /projects/${projectId}/executions`]],
    ['id adSystems { id }', ['GET /ads/systems']],
    ['id scripts { name }', [`GET /projects/${projectId}/executions`]],
    ['name scripts { name }', [`GET /projects/${projectId}`, `GET /projects/${projectId}/executions`]],
  ])('{ %s } costs %j beside the script', async (selection, calls) => {
    const { errors } = await fixture.gateway.execute(ofScript(selection));
    expect(errors).toBeUndefined();
    expect([...fixture.lines()].sort()).toEqual([...calls, script].sort());
  });

  it('costs one call for all scripts that belong to it', async () => {
    const ids = [...fixture.sandbox.scripts.keys()].slice(0, 9);
    const { data, errors } = await fixture.gateway.execute<{ scripts: { project: unknown }[] }, object>(
      'query ($ids: [ID!]!) { scripts(ids: $ids) { project { name } } }',
      { ids },
    );
    expect(errors).toBeUndefined();
    expect(new Set(data?.scripts.map(({ project }) => JSON.stringify(project))).size).toBe(2);
    expect(fixture.lines().filter((line) => line.includes('/projects/'))).toHaveLength(2);
  });

  it('is null with an error when the script names none that can be one', async () => {
    Object.assign(fixture.sandbox.scripts.get(scriptId) ?? {}, { project_id: '../users' });
    const { data, errors } = await fixture.gateway.execute(ofScript('name'));
    expect(data).toEqual({ script: { name: 'Nightfall Hub', project: null } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['script', 'project'] }),
    ]);
    expect(fixture.lines()).toEqual([script]);
  });
});

describe("a project's executions and scripts", () => {
  it('cost one call together beside the project, with the ids, names and executions of the scripts', async () => {
    const { data, errors } = await fixture.gateway.execute(LISTED, { id: projectId });
    expect(errors).toBeUndefined();
    expect(fixture.lines()).toEqual([`GET /projects/${projectId}`, `GET /projects/${projectId}/executions`]);
    const scripts = [...fixture.sandbox.scripts.values()].filter(
      ({ project_id }) => project_id === projectId,
    );
    const daysOf = (id: string) =>
      Object.entries(fixture.sandbox.executions.get(id) ?? {}).map(([date, count]) => ({ date, count }));
    expect(data?.project?.scripts).toEqual(
      scripts.map(({ id, name }) => ({ id, name, executions: daysOf(id) })),
    );
    const [first] = data?.project?.executions ?? [];
    const sum = scripts.reduce(
      (total, { id }) => total + (fixture.sandbox.executions.get(id)?.[first?.date ?? ''] ?? 0),
      0,
    );
    expect(first?.count).toBe(sum);
  });

  it('cost one more for each script when one more field of them is selected', async () => {
    const { data, errors } = await fixture.gateway.execute<{ project: { scripts: unknown[] } }, object>(
      'query ($id: ID!) { project(id: $id) { scripts { id name enabled executions { count } } } }',
      { id: projectId },
    );
    expect(errors).toBeUndefined();
    const count = data?.project.scripts.length ?? 0;
    expect(count).toBe(5);
    expect(fixture.lines()).toHaveLength(2 + count);
    expect(fixture.lines().filter((line) => line.endsWith('/executions'))).toEqual([
      `GET /projects/${projectId}/executions`,
    ]);
  });

  it('find the id behind the last separator, whatever the names look like', async () => {
    const { data, errors } = await fixture.gateway.execute(LISTED, { id: namesProjectId });
    expect(errors).toBeUndefined();
    expect(data?.project?.scripts?.map((script) => [script?.id, script?.name])).toEqual([
      [seeded.separatorScriptId, 'Snowball - Arena - Beta'],
      [seeded.totalScriptId, 'total'],
    ]);
  });

  it('survive entries that are no scripts: each fails by itself, what has no separator is passed over', async () => {
    listAs({
      'total - a': { '01/01': 1 },
      total: { '02/01': 2 },
      'B - not an id': { '01/01': 3 },
      ' - c': { '01/01': 4 },
      'D - ': {},
      something: { new: true },
      'E -  - e': null,
      'F - f': { '01/01': 'many' },
    });
    const { data, errors } = await fixture.gateway.execute(
      `{ project(id: "${projectId}") { executions { count } scripts { id name } } }`,
    );
    expect(data).toEqual({
      project: {
        executions: [{ count: 2 }],
        scripts: [
          { id: 'a', name: 'total' },
          null,
          { id: 'c', name: '' },
          null,
          { id: 'e', name: 'E - ' },
          { id: 'f', name: 'F' },
        ],
      },
    });
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['project', 'scripts', 1], 'UPSTREAM_BAD_RESPONSE'],
      [['project', 'scripts', 3], 'UPSTREAM_BAD_RESPONSE'],
    ]);
  });

  it('fail where the days of a script cannot be used, and ask for nothing else', async () => {
    listAs({ total: {}, 'A - a': { '01/01': 1 }, 'B - b': [] });
    const { data, errors } = await fixture.gateway.execute(LISTED, { id: projectId });
    expect(data?.project?.scripts).toEqual([
      { id: 'a', name: 'A', executions: [{ date: '01/01', count: 1 }] },
      { id: 'b', name: 'B', executions: null },
    ]);
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['project', 'scripts', 1, 'executions'] }),
    ]);
    expect(fixture.lines()).toHaveLength(2);
  });

  it('have no executions where the answer has no total, and its scripts all the same', async () => {
    listAs({ 'A - a': { '01/01': 1 } });
    const { data, errors } = await fixture.gateway.execute(
      `{ a: project(id: "${projectId}") { scripts { id } } b: project(id: "${projectId}") { executions { date } } }`,
    );
    expect(data).toEqual({ a: { scripts: [{ id: 'a' }] }, b: { executions: null } });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['b', 'executions'] })]);
  });

  it('list every script, but read no more than a hundred of them one by one', async () => {
    const ids = Array.from({ length: 103 }, (_, index) => `s-${index}`);
    const model = fixture.sandbox.scripts.get(scriptId);
    for (const id of ids) if (model) fixture.sandbox.scripts.set(id, { ...model, id });
    listAs(Object.fromEntries(ids.map((id) => [`N - ${id}`, {}])), 2);
    const listed = await fixture.gateway.execute<{ project: { scripts: unknown[] } }, object>(
      `{ project(id: "${projectId}") { scripts { id } } }`,
    );
    expect(listed.data?.project.scripts).toEqual(ids.map((id) => ({ id })));
    const { data, errors } = await fixture.gateway.execute<{ project: { scripts: unknown[] } }, object>(
      `{ project(id: "${namesProjectId}") { scripts { enabled } } }`,
    );
    expect(data?.project.scripts).toEqual(ids.map((_, index) => (index < 100 ? { enabled: true } : null)));
    expect(errors?.map(({ path, extensions }) => [path?.[2], extensions.code])).toEqual(
      [100, 101, 102].map((index) => [index, 'OPERATION_TOO_EXPENSIVE']),
    );
    expect(fixture.lines()).toHaveLength(2 + 2 + 100);
  });
});
