import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { projectId, namesProjectId, scriptId, freeForAllScriptId, unusedScriptId, totalScriptId } = seeded;

const EXECUTIONS = 'query ($ids: [ID!]!) { scripts(ids: $ids) { id executions { date count } } }';

interface Executions {
  readonly scripts: readonly ({ readonly id: string; readonly executions: unknown } | null)[];
}

const read = (ids: readonly string[]) => fixture.gateway.execute<Executions, object>(EXECUTIONS, { ids });

/** The calls beside those for the scripts themselves. */
const furtherCalls = () =>
  fixture
    .lines()
    .filter((line) => line.includes('/executions'))
    .sort();

const daysOf = (id: string) =>
  Object.entries(fixture.sandbox.executions.get(id) ?? {}).map(([date, count]) => ({ date, count }));

/** Scripts of a project, each with executions of its own. */
function addScripts(project_id: string, count: number): string[] {
  const model = fixture.sandbox.scripts.get(scriptId);
  return Array.from({ length: count }, (_, index) => {
    const id = `${project_id}-script-${index}`;
    if (model) fixture.sandbox.scripts.set(id, { ...model, id, project_id });
    fixture.sandbox.executions.set(id, { '02/01': index + 1, '01/01': 7 });
    return id;
  });
}

describe('the executions of scripts', () => {
  it('are one call for each project: 40 ids of two projects are 40 + 2', async () => {
    const ids = [...addScripts(projectId, 25), ...addScripts(namesProjectId, 15)];
    const { data, errors } = await read(ids);
    expect(errors).toBeUndefined();
    expect(data?.scripts).toEqual(ids.map((id) => ({ id, executions: daysOf(id) })));
    expect(fixture.lines()).toHaveLength(42);
    expect(furtherCalls()).toEqual(
      [projectId, namesProjectId].map((id) => `GET /projects/${id}/executions`).sort(),
    );
  });

  it('are asked for by themselves of a script that is alone in its project', async () => {
    const { data, errors } = await read([scriptId, totalScriptId]);
    expect(errors).toBeUndefined();
    expect(data?.scripts).toEqual([scriptId, totalScriptId].map((id) => ({ id, executions: daysOf(id) })));
    expect(furtherCalls()).toEqual([
      `GET /scripts/${scriptId}/executions`,
      `GET /scripts/${totalScriptId}/executions`,
    ]);
  });

  it('are asked for once of a script that is asked for twice, by itself', async () => {
    await read([scriptId, scriptId]);
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`, `GET /scripts/${scriptId}/executions`]);
  });

  it('are asked for by themselves of a script that the project does not list', async () => {
    const { data, errors } = await read([unusedScriptId, totalScriptId, seeded.separatorScriptId]);
    expect(errors).toBeUndefined();
    expect(data?.scripts.map((script) => script?.executions)).toEqual(
      [unusedScriptId, totalScriptId, seeded.separatorScriptId].map(daysOf),
    );
    expect(furtherCalls()).toEqual([
      `GET /projects/${namesProjectId}/executions`,
      `GET /scripts/${unusedScriptId}/executions`,
    ]);
  });

  it('are read one by one when LuaAuth refuses the executions of the project', async () => {
    fixture.sandbox.projects.delete(projectId);
    const { data, errors } = await read([scriptId, freeForAllScriptId]);
    expect(errors).toBeUndefined();
    expect(data?.scripts[0]?.executions).toEqual(daysOf(scriptId));
    expect(furtherCalls()).toEqual([
      `GET /projects/${projectId}/executions`,
      `GET /scripts/${scriptId}/executions`,
      `GET /scripts/${freeForAllScriptId}/executions`,
    ]);
  });

  it('are asked for nowhere else when LuaAuth cannot be reached', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      status: 503,
      body: '',
      route: 'GET /projects/:project_id/executions',
      times: 9,
    });
    const { data, errors } = await read([scriptId, freeForAllScriptId]);
    expect(data?.scripts).toMatchObject([{ executions: null }, { executions: null }]);
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['scripts', 0, 'executions'], 'UPSTREAM_UNAVAILABLE'],
      [['scripts', 1, 'executions'], 'UPSTREAM_UNAVAILABLE'],
    ]);
    expect(fixture.lines().filter((line) => /scripts\/\w+\/executions/.test(line))).toEqual([]);
  });

  it('cost no further call where the executions of the project are selected', async () => {
    const { errors } = await fixture.gateway.execute(
      `{ project(id: "${projectId}") { scripts { id project { executions { date } } executions { date } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(furtherCalls()).toEqual([`GET /projects/${projectId}/executions`]);
  });

  it('are never more calls than planned: projects of two scripts each that list neither of them, or refuse', async () => {
    const model = fixture.sandbox.projects.get(projectId);
    const ids = Array.from({ length: 20 }, (_, index) => {
      const id = `pair-${index}`;
      if (model && index % 2 === 0) fixture.sandbox.projects.set(id, { ...model, id });
      return addScripts(id, 2);
    }).flat();
    for (const id of ids) fixture.sandbox.executions.set(id, {});
    const { extensions } = await fixture.gateway.execute<unknown, object>(
      EXECUTIONS,
      { ids },
      { token: 'sandbox-key', 'x-upstream': 'plan' },
    );
    expect(extensions).toMatchObject({
      upstream: {
        price: 40 + 40 + 20,
        plan: [
          { endpoint: 'GET /scripts/:script_id', calls: 40 },
          { endpoint: 'GET /scripts/:script_id/executions', calls: 40 },
          { endpoint: 'GET /projects/:project_id/executions', calls: 20 },
        ],
      },
    });
    expect(fixture.lines()).toEqual([]);
    const { data, errors } = await read(ids);
    expect(errors).toBeUndefined();
    expect(data?.scripts).toEqual(ids.map((id) => ({ id, executions: [] })));
    expect(fixture.lines()).toHaveLength(100);
  });

  it('of scripts by different fields are planned and read together as well', async () => {
    fixture.sandbox.projects.delete(projectId);
    const query = `{ a: script(id: "${scriptId}") { executions { date } } b: script(id: "${freeForAllScriptId}") { executions { date } } }`;
    const { extensions } = await fixture.gateway.execute(
      query,
      {},
      { token: 'sandbox-key', 'x-upstream': 'plan' },
    );
    expect(extensions).toMatchObject({ upstream: { price: 5 } });
    expect((await fixture.gateway.execute(query)).errors).toBeUndefined();
    expect(fixture.lines()).toHaveLength(5);
  });
});
