import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { accountExpired, failed, field, ok, refused, useStandIn } from '../../support/api/stand-in.ts';

const { projectId, namesProjectId } = seeded;

const fixture = useStandIn();
const { answer } = fixture;

const seededSystem = {
  id: '68ad00000000000000000001',
  project_id: projectId,
  name: 'Daily key',
  key_duration: 86_400_000,
  max_keys: 1,
  allow_extending: true,
  max_duration: 604_800_000,
};

const read = `GET /ads/systems/${seededSystem.id}`;
const edit = `POST /ads/systems/${seededSystem.id}/edit`;
const create = 'POST /ads/systems/new';
const list = async (): Promise<object[]> => (await answer('GET /ads/systems'))[1].systems;

it('answers an ad system, by itself and in the list of all', async () => {
  expect(await answer(read)).toEqual(ok({ system: seededSystem }));
  const systems = await list();
  expect(systems).toHaveLength(3);
  expect(systems[0]).toEqual(seededSystem);
});

it.each(['GET /ads/systems/none', 'POST /ads/systems/none/edit'])(
  '%s is refused, for there is no such ad system',
  async (endpoint) => {
    expect(await answer(endpoint)).toEqual(refused('ad system does not exist or is not yours'));
  },
);

describe('POST /ads/systems/new', () => {
  const body = { project_id: namesProjectId, name: 'New' };

  it('makes one more each time, with the documented defaults', async () => {
    const [, { system_id }] = await answer(create, { body });
    const { id: _id, ...defaults } = seededSystem;
    expect(await answer(`GET /ads/systems/${system_id}`)).toEqual(
      ok({ system: { ...defaults, ...body, id: system_id } }),
    );
    expect((await answer(create, { body }))[1].system_id).not.toBe(system_id);
    expect(await list()).toHaveLength(5);
  });

  it('names every field that is missing or of the wrong type', async () => {
    expect(await answer(create, { body: { max_keys: 0.5 } })).toEqual(
      refused(
        field('project_id', 'is required'),
        field('name', 'is required'),
        field('max_keys', 'must be a whole number, 0 or more'),
      ),
    );
  });

  it('refuses an expired account, and a project that is not there', async () => {
    expect(await answer(create, { body, token: sandboxKeys.expired })).toEqual(accountExpired(1));
    expect(await answer(create, { body: { ...body, project_id: 'none' } })).toEqual(
      failed(2, 'cannot use this project'),
    );
    expect(await list()).toHaveLength(3);
  });

  it('refuses one too many', async () => {
    for (let made = 0; made < 7; made += 1) expect((await answer(create, { body }))[1].success).toBe(true);
    expect(await answer(create, { body })).toEqual(failed(0, 'max systems reached'));
  });
});

describe('POST /ads/systems/:system_id/edit', () => {
  it('changes what is given, and leaves null, absent and unknown fields as they are', async () => {
    const body = { project_id: namesProjectId, max_keys: 2, name: null, id: 'other' };
    expect(await answer(edit, { body })).toEqual(ok());
    expect(await answer(read)).toEqual(
      ok({ system: { ...seededSystem, project_id: namesProjectId, max_keys: 2 } }),
    );
  });

  it('clears the name when it is an empty string, as every edit does', async () => {
    expect(await answer(edit, { body: { name: '' } })).toEqual(ok());
    expect(await answer(read)).toEqual(ok({ system: { ...seededSystem, name: null } }));
  });

  it('is undone by a reset', async () => {
    await answer(edit, { body: { name: 'Other' } });
    fixture.sandbox.reset();
    expect(await answer(read)).toEqual(ok({ system: seededSystem }));
  });
});
