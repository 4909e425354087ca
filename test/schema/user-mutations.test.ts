import { describe, expect, it } from 'vitest';
import { hiddenKey } from '../../src/features/sandbox/calls.ts';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import {
  BLACKLIST,
  BLACKLIST_AND_READ,
  EDIT_AND_READ_USER,
  EDIT_USER,
  UNBLACKLIST,
  UNBLACKLIST_AND_READ,
} from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { userKey, blacklistedUserKey, endlessUserKey } = seeded;
const expiresAt = '2030-01-02T03:04:05.678Z';

const bodies = () => fixture.sandbox.calls.map(({ body }) => body);
const path = (key: string, action = '') => `/users/${hiddenKey(key)}${action}`;

describe('editUser', () => {
  it.each([
    [
      { discordId: '365843484059632434', keyExpiresAt: expiresAt, note: 'a "note" 🌒' },
      { discord_id: '365843484059632434', key_expires: Date.parse(expiresAt), note: 'a "note" 🌒' },
    ],
    [{ discordId: null }, { discord_id: '' }],
    [{ keyExpiresAt: null }, { key_expires: '' }],
    [{ note: null }, { note: '' }],
    [{ note: '' }, { note: '' }],
    [{ note: '🌒'.repeat(255) }, { note: '🌒'.repeat(255) }],
  ])('sends what is given, leaves out what is absent, and clears by null: %j', async (given, sent) => {
    const { data, errors } = await fixture.gateway.execute(EDIT_USER, { input: { key: userKey, ...given } });
    expect({ data, errors }).toEqual({
      data: { editUser: { __typename: 'EditUserSuccess' } },
      errors: undefined,
    });
    expect(fixture.lines()).toEqual([`POST ${path(userKey, '/edit')}`]);
    expect(bodies()).toEqual([sent]);
  });

  it('answers the user as it is after the edit, with one more call', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_READ_USER, {
      input: { key: userKey, discordId: null, keyExpiresAt: expiresAt, note: 'new' },
    });
    expect(errors).toBeUndefined();
    expect(data?.editUser).toEqual({
      user: { key: userKey, discordId: null, keyExpiresAt: expiresAt, note: 'new' },
    });
    expect(fixture.lines()).toEqual([`POST ${path(userKey, '/edit')}`, `GET ${path(userKey)}`]);
  });

  it('leaves the success visible when only the re-read fails', async () => {
    fixture.sandbox.fault({
      kind: 'failure',
      code: -1,
      message: 'unauthorized or invalid request',
      route: 'GET /users/:user_key',
    });
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_READ_USER, {
      input: { key: userKey, note: 'new' },
    });
    expect(data).toEqual({ editUser: { user: null } });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['editUser', 'user'] })]);
    expect(fixture.sandbox.users.get(userKey)?.note).toBe('new');
  });

  it('is DiscordAlreadyLinked when another key of the project has this Discord id', async () => {
    const input = { key: endlessUserKey, discordId: seeded.discordId };
    const { data, errors } = await fixture.gateway.execute(EDIT_USER, { input });
    expect(errors).toBeUndefined();
    expect(data?.editUser).toEqual({
      __typename: 'DiscordAlreadyLinked',
      message: 'key already exists with this discord',
    });
  });

  it('is AccountExpired, NotPermitted and InvalidFields as LuaAuth says', async () => {
    const input = { key: userKey, note: 'x' };
    const expired = await fixture.gateway.execute(EDIT_USER, { input }, { token: sandboxKeys.expired });
    expect(expired.data?.editUser).toEqual({ __typename: 'AccountExpired', message: 'account expired' });
    const unknown = await fixture.gateway.execute(EDIT_USER, { input: { key: 'unknown', note: 'x' } });
    expect(unknown.data?.editUser).toMatchObject({ __typename: 'NotPermitted' });
    const early = { key: userKey, keyExpiresAt: '1969-01-01T00:00:00Z' };
    const invalid = await fixture.gateway.execute(EDIT_USER, { input: early });
    expect(invalid.data?.editUser).toMatchObject({
      __typename: 'InvalidFields',
      fields: [{ path: ['input', 'keyExpiresAt'] }],
    });
  });

  it('says itself that there is nothing to edit', async () => {
    const { data } = await fixture.gateway.execute(EDIT_USER, { input: { key: userKey } });
    expect(data?.editUser).toEqual({
      __typename: 'NothingToEdit',
      message: 'cannot edit nothing: give at least one of discordId, keyExpiresAt, note',
    });
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    ['key', 'secret/..'],
    ['discordId', 'secret'],
    ['discordId', ''],
    ['note', `secret ${'x'.repeat(249)}`],
    ['note', 'secret\ud800'],
  ])(
    'refuses a %s that cannot be one before anything is called, and does not quote it',
    async (field, value) => {
      const input = { key: userKey, note: 'x', [field]: value };
      const { errors } = await fixture.gateway.execute(EDIT_USER, { input });
      expect(errors).toMatchObject([
        expect.toBeError('BAD_USER_INPUT', { path: ['editUser'], argument: `input.${field}` }),
      ]);
      expect(JSON.stringify(errors)).not.toContain('secret');
      expect(fixture.lines()).toEqual([]);
    },
  );
});

describe('blacklistUser', () => {
  it.each([
    [{}, {}],
    [{ reason: null, expiresAt: null }, {}],
    [{ reason: 'shared' }, { reason: 'shared' }],
    [{ expiresAt }, { expires: Date.parse(expiresAt) }],
    [
      { reason: 'shared', expiresAt },
      { reason: 'shared', expires: Date.parse(expiresAt) },
    ],
  ])('sends a number and a text, and only what is given: %j', async (given, sent) => {
    const input = { key: userKey, ...given };
    const { data, errors } = await fixture.gateway.execute(BLACKLIST, { input });
    expect({ data, errors }).toEqual({
      data: { blacklistUser: { __typename: 'BlacklistUserSuccess' } },
      errors: undefined,
    });
    expect(fixture.lines()).toEqual([`POST ${path(userKey, '/blacklist')}`]);
    expect(bodies()).toEqual([sent]);
  });

  it('answers the user as it is afterwards, with one more call', async () => {
    const input = { key: userKey, reason: 'shared', expiresAt };
    const { data } = await fixture.gateway.execute(BLACKLIST_AND_READ, { input });
    expect(data?.blacklistUser).toEqual({
      __typename: 'BlacklistUserSuccess',
      user: { blacklist: { reason: 'shared', expiresAt } },
    });
    expect(fixture.lines()).toEqual([`POST ${path(userKey, '/blacklist')}`, `GET ${path(userKey)}`]);
  });

  it('is AlreadyBlacklisted the second time, with the user as it stands, read only when selected', async () => {
    const input = { key: blacklistedUserKey, reason: 'another' };
    const plain = await fixture.gateway.execute(BLACKLIST, { input });
    expect(plain.data?.blacklistUser).toEqual({
      __typename: 'AlreadyBlacklisted',
      message: 'user already blacklisted',
    });
    expect(fixture.lines()).toEqual([`POST ${path(blacklistedUserKey, '/blacklist')}`]);
    const { data } = await fixture.gateway.execute(BLACKLIST_AND_READ, { input });
    expect(data?.blacklistUser).toEqual({
      __typename: 'AlreadyBlacklisted',
      user: { blacklist: { reason: 'shared key', expiresAt: '2100-01-01T00:00:00.000Z' } },
    });
    expect(fixture.lines()).toHaveLength(3);
  });

  it('is AccountExpired and NotPermitted as LuaAuth says', async () => {
    const token = sandboxKeys.expired;
    const expired = await fixture.gateway.execute(BLACKLIST, { input: { key: userKey } }, { token });
    expect(expired.data?.blacklistUser).toEqual({ __typename: 'AccountExpired', message: 'account expired' });
    const unknown = await fixture.gateway.execute(BLACKLIST, { input: { key: 'unknown' } });
    expect(unknown.data?.blacklistUser).toMatchObject({ __typename: 'NotPermitted' });
  });
});

describe('unblacklistUser', () => {
  it('lets the user in with a call that has no body, and answers the user with one more', async () => {
    const input = { key: blacklistedUserKey };
    const { data, errors } = await fixture.gateway.execute(UNBLACKLIST_AND_READ, { input });
    expect(errors).toBeUndefined();
    expect(data?.unblacklistUser).toEqual({
      __typename: 'UnblacklistUserSuccess',
      user: { key: blacklistedUserKey, blacklist: null },
    });
    expect(fixture.lines()).toEqual([
      `POST ${path(blacklistedUserKey, '/unblacklist')}`,
      `GET ${path(blacklistedUserKey)}`,
    ]);
    expect(fixture.sandbox.calls[0]?.text).toBe('');
  });

  it('is NotBlacklisted for one who is not, with the user, read only when selected', async () => {
    const input = { key: userKey };
    const plain = await fixture.gateway.execute(UNBLACKLIST, { input });
    expect(plain.data?.unblacklistUser).toEqual({
      __typename: 'NotBlacklisted',
      message: 'user not blacklisted',
    });
    expect(fixture.lines()).toHaveLength(1);
    const { data } = await fixture.gateway.execute(UNBLACKLIST_AND_READ, { input });
    expect(data?.unblacklistUser).toEqual({
      __typename: 'NotBlacklisted',
      user: { key: userKey, blacklist: null },
    });
    expect(fixture.lines()).toHaveLength(3);
  });

  it('is AccountExpired for an account that has expired', async () => {
    const token = sandboxKeys.expired;
    const { data } = await fixture.gateway.execute(UNBLACKLIST, { input: { key: userKey } }, { token });
    expect(data?.unblacklistUser).toEqual({ __typename: 'AccountExpired', message: 'account expired' });
  });
});
