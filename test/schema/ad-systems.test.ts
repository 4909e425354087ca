import { describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/callers/scopes.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import { graphql } from '../support/clients/graphql.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';

const { projectId, namesProjectId } = seeded;
const [FIRST, SECOND, THIRD] = ['1', '2', '3'].map((number) => `68ad0000000000000000000${number}`) as [
  string,
  string,
  string,
];

const LIST = graphql(`
  query AdSystems {
    adSystems {
      id
      project {
        id
      }
      name
    }
  }
`);

const PROVIDERS = graphql(`
  query AdProviders {
    adProviders {
      name
      settings {
        id
        name
        type
        info
      }
    }
  }
`);

describe('the list of ad systems', () => {
  const fixture = useSandbox();

  it('is all of the account, with the ids of their projects, for one call', async () => {
    const { data, errors } = await fixture.gateway.execute(LIST);
    expect(errors).toBeUndefined();
    expect(data?.adSystems?.map(({ id, project }) => [id, project?.id])).toEqual([
      [FIRST, projectId],
      [SECOND, projectId],
      [THIRD, namesProjectId],
    ]);
    expect(fixture.lines()).toEqual(['GET /ads/systems']);
  });

  it('is asked for once, however many fields and projects need it', async () => {
    const document = `{
      adSystems { name }
      knownProjects { id adSystems { id } }
      projects(ids: ["${projectId}", "${namesProjectId}"]) { name adSystems { id project { name } } }
    }`;
    const { data, errors } = await fixture.gateway.execute(document);
    expect(errors).toBeUndefined();
    const systems = [[FIRST, SECOND], [THIRD]];
    const ids = (project: unknown) =>
      (project as { adSystems: { id: string }[] }).adSystems.map(({ id }) => id);
    const { knownProjects = [], projects = [] } = data as Record<string, unknown[]>;
    expect([knownProjects.map(ids), projects.map(ids)]).toEqual([systems, systems]);
    expect(fixture.lines().toSorted()).toEqual([
      'GET /ads/systems',
      `GET /projects/${projectId}`,
      `GET /projects/${namesProjectId}`,
    ]);
  });

  it('names projects: each once, in its order, read only for more than their ids', async () => {
    const ids = await fixture.gateway.execute('{ knownProjects { id } }');
    expect(ids.data).toEqual({ knownProjects: [{ id: projectId }, { id: namesProjectId }] });
    expect(fixture.lines()).toEqual(['GET /ads/systems']);
    fixture.sandbox.projects.delete(namesProjectId);
    const names = await fixture.gateway.execute('{ knownProjects { name } }');
    expect(names.data).toEqual({ knownProjects: [{ name: 'Nightfall Suite' }, null] });
    expect(names.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['knownProjects', 1], 'FORBIDDEN'],
    ]);
  });

  it('reads the projects of at most 100 of its names', async () => {
    const systems = fixture.sandbox.adSystems;
    const [model] = systems.values();
    const project = fixture.sandbox.projects.get(projectId);
    for (let index = 0; index < 101; index += 1) {
      const id = `many-${index}`;
      if (project) fixture.sandbox.projects.set(id, { ...project, id });
      if (model) systems.set(id, { ...model, id, project_id: id });
    }
    const { data, errors } = await fixture.gateway.execute('{ knownProjects { name } }');
    expect((data as { knownProjects: unknown[] }).knownProjects.filter(Boolean)).toHaveLength(100);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(
      Array(3).fill('OPERATION_TOO_EXPENSIVE'),
    );
    expect(fixture.lines()).toHaveLength(101);
  });

  it.each([
    ['{ adSystems { name project { id } } }', 1],
    ['{ a: adSystems { name } b: adSystems { id } knownProjects { id adSystems { id } } }', 1],
    ['{ adSystems { project { name } } }', 1 + 100],
    ['{ knownProjects { name } }', 1 + 100],
    ['{ knownProjects { executions { count } } }', 1 + 100],
    ['{ adSystem(id: "a") { project { id } } adProviders { name } }', 2],
  ])('is priced: %s', async (document, price) => {
    const { extensions } = await fixture.gateway.execute(document, undefined, {
      token: 'sandbox-key',
      'x-upstream': 'plan',
    });
    expect((extensions as { upstream: { price: number } }).upstream.price).toBe(price);
  });
});

describe('the ad providers', () => {
  const fixture = useRecorder();
  const answerAs = (providers: unknown) => {
    fixture.respond = (_recorded, response) => json(response, { success: true, providers });
  };

  it('are all that LuaAuth names, with settings of types that it may invent', async () => {
    answerAs({
      Linkway: [
        { id: 'token', name: 'API token', type: 'text', info: 'From the dashboard.' },
        { id: 7, name: 'Strict', type: 'toggle', info: '' },
        { id: 'x', name: 'Colour', type: 'palette' },
      ],
      Empty: [],
    });
    const { data, errors } = await fixture.gateway.execute(PROVIDERS);
    expect(errors).toBeUndefined();
    expect(data?.adProviders).toEqual([
      {
        name: 'Linkway',
        settings: [
          { id: 'token', name: 'API token', type: 'TEXT', info: 'From the dashboard.' },
          { id: '7', name: 'Strict', type: 'TOGGLE', info: null },
          { id: 'x', name: 'Colour', type: 'UNKNOWN', info: null },
        ],
      },
      { name: 'Empty', settings: [] },
    ]);
    expect(fixture.recorder.lines()).toEqual(['GET /ads/providers']);
  });

  it.each([[[]], ['none'], [{ Linkway: 'none' }], [{ Linkway: [null] }]])(
    'are null with an error for %j',
    async (providers) => {
      answerAs(providers);
      const { data, errors } = await fixture.gateway.execute(PROVIDERS);
      expect(data).toEqual({ adProviders: null });
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_BAD_RESPONSE']);
    },
  );
});

describe('for a gateway key that is limited to projects', () => {
  const scopes = SCOPES.filter((scope) => !scope.startsWith('users:'));
  const keyRing = ringOf([
    { name: 'mine', scopes, projects: [projectId] },
    { name: 'scripts-alone', scopes, scripts: ['s'] },
  ]);
  const fixture = useSandbox({ gateway: { credentials: { heldKey: 'sandbox-key', keyRing } } });
  const ask = async (document: string, key = 'mine') => {
    const { data, errors = [] } = await fixture.gateway.execute(document, undefined, bearer(key));
    return { data, codes: errors.map(({ extensions }) => extensions.code) };
  };

  it('there are the systems of its projects alone', async () => {
    expect(await ask('{ adSystems { id } knownProjects { id } }')).toEqual({
      data: { adSystems: [{ id: FIRST }, { id: SECOND }], knownProjects: [{ id: projectId }] },
      codes: [],
    });
    expect(await ask('{ adSystems { id } knownProjects { id } }', 'scripts-alone')).toEqual({
      data: { adSystems: [], knownProjects: [] },
      codes: [],
    });
  });

  it('shows a system of another project like a system that does not exist', async () => {
    expect((await ask(`{ adSystem(id: "${FIRST}") { name } }`)).data).toEqual({
      adSystem: { name: 'Daily key' },
    });
    for (const id of [THIRD, 'nobody']) {
      expect(await ask(`{ adSystem(id: "${id}") { name } }`)).toEqual({
        data: { adSystem: null },
        codes: ['FORBIDDEN'],
      });
    }
  });

  it.each([
    `createAdSystem(input: { projectId: "${namesProjectId}", name: "x" })`,
    `editAdSystem(input: { id: "${THIRD}", name: "x" })`,
    `editAdSystem(input: { id: "${FIRST}", projectId: "${namesProjectId}" })`,
  ])('nothing is written elsewhere: %s', async (write) => {
    expect((await ask(`mutation { ${write} { __typename } }`)).codes).toEqual(['FORBIDDEN']);
    expect(fixture.lines().filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  it('the providers are for everybody', async () => {
    expect((await ask('{ adProviders { name } }', 'scripts-alone')).data).toEqual({
      adProviders: [{ name: 'Linkway' }, { name: 'Adgate' }],
    });
  });
});
