import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import {
  accountExpired,
  failed,
  field,
  ok,
  refused,
  unknownProject,
  useStandIn,
} from '../../support/api/stand-in.ts';

const { scriptId, idleScriptId, projectId, userKey, namesProjectId } = seeded;

const fixture = useStandIn();
const { answer } = fixture;

const seededProject = {
  id: projectId,
  name: 'Nightfall Suite',
  fingerprint_reset_cooldown: 86_400_000,
  allow_fingerprint_resets: true,
  delete_expired_users: false,
  execution_webhook: 'https://hooks.example.com/executions',
  information_webhook: 'https://hooks.example.com/information',
  blacklist_webhook: '',
  total_executions: 6_693_678_534,
};

const read = `GET /projects/${projectId}`;
const edit = `POST /projects/${projectId}/edit`;
const remove = `POST /projects/${projectId}/remove`;

it('GET /projects/:project_id answers the project', async () => {
  expect(await answer(read)).toEqual(ok({ project: seededProject }));
});

it.each([
  'GET /projects/none',
  'GET /projects/none/executions',
  'POST /projects/none/edit',
  'POST /projects/none/remove',
])('%s is refused, for there is no such project', async (endpoint) => {
  expect(await answer(endpoint)).toEqual(unknownProject);
});

describe('POST /projects/:project_id/edit', () => {
  it('changes everything that it may and answers with the whole new project', async () => {
    const body = {
      name: 'Nightfall',
      fingerprint_reset_cooldown: 0,
      allow_fingerprint_resets: false,
      delete_expired_users: true,
      execution_webhook: 'https://hooks.example.com/1',
      information_webhook: 'https://hooks.example.com/2',
      blacklist_webhook: 'https://hooks.example.com/3',
    };
    const project = { ...seededProject, ...body };
    expect(await answer(edit, { body })).toEqual(ok({ project }));
    expect(await answer(read)).toEqual(ok({ project }));
  });

  it('leaves null, absent and unknown fields as they are', async () => {
    const body = {
      name: null,
      execution_webhook: null,
      allow_fingerprint_resets: false,
      total_executions: 1,
    };
    const project = { ...seededProject, allow_fingerprint_resets: false };
    expect(await answer(edit, { body })).toEqual(ok({ project }));
  });

  it('clears a text when it is an empty string', async () => {
    const cleared = {
      name: null,
      execution_webhook: null,
      information_webhook: null,
      blacklist_webhook: null,
    };
    const body = Object.fromEntries(Object.keys(cleared).map((name) => [name, '']));
    expect(await answer(edit, { body })).toEqual(ok({ project: { ...seededProject, ...cleared } }));
    expect(await answer(read)).toEqual(ok({ project: { ...seededProject, ...cleared } }));
  });

  it.each([undefined, {}, { name: null }, { total_executions: 5 }])(
    'answers code 1 to a body that changes nothing: %j',
    async (body) => {
      expect(await answer(edit, { body })).toEqual(failed(1, 'cannot edit nothing'));
    },
  );

  it('answers code 0 to an expired account and changes nothing', async () => {
    expect(await answer(edit, { body: { name: 'New' }, token: sandboxKeys.expired })).toEqual(
      accountExpired(0),
    );
    expect(await answer(read)).toEqual(ok({ project: seededProject }));
  });

  it('names every field of the wrong type and changes nothing', async () => {
    const body = {
      name: 5,
      fingerprint_reset_cooldown: '1000',
      allow_fingerprint_resets: '',
      delete_expired_users: 1,
      execution_webhook: [],
      information_webhook: {},
      blacklist_webhook: false,
    };
    const whole = 'must be a whole number, 0 or more';
    expect(await answer(edit, { body })).toEqual(
      refused(
        field('name', 'must be a string'),
        field('fingerprint_reset_cooldown', whole),
        field('allow_fingerprint_resets', 'must be a boolean'),
        field('delete_expired_users', 'must be a boolean'),
        field('execution_webhook', 'must be a string'),
        field('information_webhook', 'must be a string'),
        field('blacklist_webhook', 'must be a string'),
      ),
    );
    for (const fingerprint_reset_cooldown of [-1, 0.5, '']) {
      expect(await answer(edit, { body: { name: 'New', fingerprint_reset_cooldown } })).toEqual(
        refused(field('fingerprint_reset_cooldown', whole)),
      );
    }
    expect(await answer(read)).toEqual(ok({ project: seededProject }));
  });
});

describe('POST /projects/:project_id/remove', () => {
  it('deletes the project and leaves its scripts and users', async () => {
    expect(await answer(remove)).toEqual(ok());
    expect(await answer(read)).toEqual(unknownProject);
    expect(await answer(`${read}/executions`)).toEqual(unknownProject);
    expect(await answer(edit, { body: { name: 'New' } })).toEqual(unknownProject);
    expect(await answer(remove)).toEqual(unknownProject);
    expect((await answer(`GET /scripts/${scriptId}`))[1].script.project_id).toBe(projectId);
    expect((await answer(`GET /users/${userKey}`))[1].user.key).toBe(userKey);
  });

  it('is undone by a reset', async () => {
    await answer(remove);
    fixture.sandbox.reset();
    expect(await answer(read)).toEqual(ok({ project: seededProject }));
  });
});

describe('GET /projects/:project_id/executions', () => {
  const list = async (id: string): Promise<Record<string, Record<string, number>>> =>
    (await answer(`GET /projects/${id}/executions`))[1].executions;

  it('answers every script and their sum', async () => {
    const { total, ...scripts } = await list(projectId);
    expect(Object.keys(scripts)).toEqual([
      'Nightfall Hub - 9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk',
      'Nightfall Lite - B1xPSj7zBdIXn8LaaOk5V5IUuhnJvBLZ',
      'Jailbreak Companion - BoK4eykfM3cNCJpDWzHMhtOFNEpEjMtF',
      'Arsenal Trainer - DL4HcpsQ9OQniWwr4VC0bH5VidPmNTD2',
      'Loader - DWwAZoKdheIahfmSOPFt61TpKzlSEmEA',
    ]);
    expect(scripts[`Nightfall Hub - ${scriptId}`]).toEqual(fixture.sandbox.executions.get(scriptId));
    const days = Object.keys(fixture.sandbox.executions.get(scriptId) ?? {});
    expect(total).toEqual(
      Object.fromEntries(
        days.map((day) => [day, Object.values(scripts).reduce((sum, counts) => sum + (counts[day] ?? 0), 0)]),
      ),
    );
  });

  it('has names with separators, a script called total, and no script without executions', async () => {
    const { scripts } = fixture.sandbox;
    const names = [seeded.separatorScriptId, seeded.totalScriptId, seeded.unusedScriptId].map((id) => {
      expect(scripts.get(id)?.project_id).toBe(namesProjectId);
      return scripts.get(id)?.name;
    });
    expect(names).toEqual(['Snowball - Arena - Beta', 'total', 'Sleigh']);
    const executions = await list(namesProjectId);
    expect(Object.keys(executions)).toEqual([
      'total',
      `Snowball - Arena - Beta - ${seeded.separatorScriptId}`,
      `total - ${seeded.totalScriptId}`,
    ]);
    const own = await answer(`GET /scripts/${seeded.totalScriptId}/executions`);
    expect(own).toEqual(ok({ executions: executions[`total - ${seeded.totalScriptId}`] }));
  });

  it('follows a script that is renamed, loses its name, gains executions or goes', async () => {
    const id = seeded.unusedScriptId;
    fixture.sandbox.executions.set(id, { '01/02': 3, 7: 1 });
    await answer(`POST /scripts/${id}/edit`, { body: { name: 'A - B' } });
    expect((await list(namesProjectId))[`A - B - ${id}`]).toEqual({ '01/02': 3, 7: 1 });
    expect((await list(namesProjectId)).total).toMatchObject({ '01/02': 3, 7: 1 });
    await answer(`POST /scripts/${id}/edit`, { body: { name: '' } });
    expect((await list(namesProjectId))[` - ${id}`]).toEqual({ '01/02': 3, 7: 1 });
    await answer(`POST /scripts/${id}/remove`);
    expect(Object.keys(await list(namesProjectId)).filter((key) => key.endsWith(id))).toEqual([]);
  });

  it('is an empty sum for a project without executions', async () => {
    const model = fixture.sandbox.projects.get(projectId);
    if (!model) throw new Error('The seed has no project.');
    fixture.sandbox.projects.set('empty', { ...model, id: 'empty' });
    expect(await list('empty')).toEqual({ total: {} });
  });

  it('leaves out the script of another project without executions', async () => {
    const idle = fixture.sandbox.scripts.get(idleScriptId);
    expect(Object.keys(await list(idle?.project_id ?? '')).map((key) => key.split(' - ')[0])).toEqual([
      'total',
      'UI Kit Preview',
      'Telemetry Test',
    ]);
  });
});
