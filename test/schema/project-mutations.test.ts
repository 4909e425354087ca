import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { DELETE_PROJECT, EDIT_AND_SHOW_PROJECT, EDIT_PROJECT } from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const id = seeded.projectId;
const webhook = 'https://hooks.example.com/new';
const bodies = () => fixture.sandbox.calls.map(({ method, path, body }) => ({ method, path, body }));

describe('editProject', () => {
  it('sends what is given, under its wire name, and nothing else', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT_PROJECT, {
      input: {
        id,
        name: 'Renamed "🌒"',
        fingerprintResetCooldownMs: 4_294_967_296,
        allowFingerprintResets: false,
        deleteExpiredUsers: true,
        executionWebhook: `${webhook}/e`,
        informationWebhook: `${webhook}/i`,
        blacklistWebhook: `${webhook}/b`,
      },
    });
    expect({ data, errors }).toEqual({
      data: { editProject: { __typename: 'EditProjectSuccess' } },
      errors: undefined,
    });
    expect(bodies()).toEqual([
      {
        method: 'POST',
        path: `/projects/${id}/edit`,
        body: {
          name: 'Renamed "🌒"',
          fingerprint_reset_cooldown: 4_294_967_296,
          allow_fingerprint_resets: false,
          delete_expired_users: true,
          execution_webhook: `${webhook}/e`,
          information_webhook: `${webhook}/i`,
          blacklist_webhook: `${webhook}/b`,
        },
      },
    ]);
  });

  it.each([
    [{ name: 'Renamed' }, { name: 'Renamed' }],
    [{ fingerprintResetCooldownMs: 0 }, { fingerprint_reset_cooldown: 0 }],
    [{ allowFingerprintResets: false }, { allow_fingerprint_resets: false }],
    [{ deleteExpiredUsers: false }, { delete_expired_users: false }],
    [{ executionWebhook: null }, { execution_webhook: '' }],
    [{ informationWebhook: null }, { information_webhook: '' }],
    [{ blacklistWebhook: null }, { blacklist_webhook: '' }],
    [{ blacklistWebhook: '' }, { blacklist_webhook: '' }],
  ])('leaves out what is absent, and clears a webhook by null: %j', async (given, sent) => {
    const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input: { id, ...given } });
    expect(data?.editProject.__typename).toBe('EditProjectSuccess');
    expect(bodies().map(({ body }) => body)).toEqual([sent]);
  });

  it('answers the new project with one call', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_SHOW_PROJECT, {
      input: { id, name: 'Renamed', executionWebhook: null },
    });
    expect(errors).toBeUndefined();
    expect(data?.editProject).toEqual({
      __typename: 'EditProjectSuccess',
      project: { id, name: 'Renamed', fingerprintResetCooldownMs: 86_400_000, executionWebhook: null },
    });
    expect(fixture.lines()).toEqual([`POST /projects/${id}/edit`]);
  });

  it('reads the project where the answer carries none', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      body: '{"success":true}',
      route: 'POST /projects/:project_id/edit',
    });
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_SHOW_PROJECT, {
      input: { id, name: 'Renamed' },
    });
    expect(errors).toBeUndefined();
    expect(data?.editProject).toMatchObject({ project: { name: 'Nightfall Suite' } });
    expect(fixture.lines()).toEqual([`POST /projects/${id}/edit`, `GET /projects/${id}`]);
  });

  it('says that it may have been carried out where that read fails, which leaves no data', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      body: '{"success":true}',
      route: 'POST /projects/:project_id/edit',
    });
    fixture.sandbox.fault({ kind: 'raw', body: '{"success":true}', route: 'GET /projects/:project_id' });
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_SHOW_PROJECT, {
      input: { id, name: 'Renamed' },
    });
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['editProject', 'project'], outcome: 'UNKNOWN' }),
    ]);
  });

  it('takes no other project for its own', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      body: JSON.stringify({ success: true, project: fixture.sandbox.projects.get(seeded.namesProjectId) }),
    });
    const { errors } = await fixture.gateway.execute(EDIT_AND_SHOW_PROJECT, { input: { id, name: 'x' } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['editProject'], outcome: 'UNKNOWN' }),
    ]);
    expect(errors?.[0]?.message).toContain('read the project before you try again');
  });

  it('shows each write its own project, in one document too', async () => {
    const { data } = await fixture.gateway.execute(
      `mutation {
        a: editProject(input: { id: "${id}", name: "A" }) { ... on EditProjectSuccess { project { name } } }
        b: editProject(input: { id: "${id}", name: "B" }) { ... on EditProjectSuccess { project { name } } }
      }`,
    );
    expect(data).toEqual({ a: { project: { name: 'A' } }, b: { project: { name: 'B' } } });
    expect(fixture.lines()).toEqual(Array(2).fill(`POST /projects/${id}/edit`));
  });

  it('shows its project wherever the answer leads back to it', async () => {
    const { data } = await fixture.gateway.execute(
      `mutation {
        editProject(input: { id: "${id}", name: "A" }) {
          ... on EditProjectSuccess { project { scripts { project { name } } } }
        }
      }`,
    );
    const scripts = Array(5).fill({ project: { name: 'A' } });
    expect(data).toEqual({ editProject: { project: { scripts } } });
    expect(fixture.lines()).toHaveLength(1 + 1 + 5);
    expect(fixture.lines()).not.toContain(`GET /projects/${id}`);
  });

  it('says itself that there is nothing to edit', async () => {
    const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input: { id } });
    expect(data?.editProject).toEqual({
      __typename: 'NothingToEdit',
      message:
        'cannot edit nothing: give at least one of name, fingerprintResetCooldownMs, allowFingerprintResets, deleteExpiredUsers, executionWebhook, informationWebhook, blacklistWebhook',
    });
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    ['name', null],
    ['name', ''],
    ['name', 'a\ud800'],
    ['fingerprintResetCooldownMs', null],
    ['allowFingerprintResets', null],
    ['deleteExpiredUsers', null],
    ['executionWebhook', 'secret\udc00'],
  ])('refuses %s: %j before anything is called', async (field, value) => {
    const input = { id, deleteExpiredUsers: true, [field]: value };
    const { errors } = await fixture.gateway.execute(EDIT_PROJECT, { input });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', { path: ['editProject'], argument: `input.${field}` }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(fixture.lines()).toEqual([]);
  });

  it('is AccountExpired for an account that has expired, and NotPermitted for a project that it has not', async () => {
    const expired = { token: sandboxKeys.expired };
    const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } }, expired);
    expect(data?.editProject).toEqual({ __typename: 'AccountExpired', message: 'account expired' });
    const unknown = await fixture.gateway.execute(EDIT_PROJECT, { input: { id: 'unknown', name: 'x' } });
    expect(unknown.data?.editProject).toMatchObject({
      __typename: 'NotPermitted',
      reasons: ['project does not exist or is not yours'],
    });
  });

  it('is InvalidFields for what LuaAuth finds invalid', async () => {
    const input = { id, fingerprintResetCooldownMs: -1 };
    const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input });
    expect(data?.editProject).toMatchObject({
      __typename: 'InvalidFields',
      fields: [{ path: ['input', 'fingerprintResetCooldownMs'], messages: [expect.any(String)] }],
    });
  });
});

describe('deleteProject', () => {
  it('removes the project with a call that has no body, and is NotPermitted the second time', async () => {
    const { data, errors } = await fixture.gateway.execute(DELETE_PROJECT, { input: { id } });
    expect({ data, errors }).toEqual({
      data: { deleteProject: { __typename: 'DeleteProjectSuccess', deletedProjectId: id } },
      errors: undefined,
    });
    expect(fixture.sandbox.calls.map(({ method, path, text }) => ({ method, path, text }))).toEqual([
      { method: 'POST', path: `/projects/${id}/remove`, text: '' },
    ]);
    const again = await fixture.gateway.execute(DELETE_PROJECT, { input: { id } });
    expect(again.data?.deleteProject.__typename).toBe('NotPermitted');
  });

  it('refuses an id that leaves its path before anything is called', async () => {
    const { errors } = await fixture.gateway.execute(DELETE_PROJECT, { input: { id: '..' } });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { argument: 'input.id' })]);
    expect(fixture.lines()).toEqual([]);
  });
});
