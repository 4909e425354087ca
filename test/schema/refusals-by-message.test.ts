import { getNamedType, isAbstractType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../src/features/schema.ts';
import {
  BLACKLIST,
  CREATE_AD_SYSTEM,
  DELETE,
  DELETE_PROJECT,
  DISCONNECT,
  DISCONNECT_MANY,
  EDIT,
  EDIT_AD_SYSTEM,
  EDIT_PROJECT,
  EDIT_USER,
  MESSAGE,
  TOGGLE,
  UNBLACKLIST,
  UPDATE,
} from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';

const fixture = useSandbox({ shared: true });

const { userKey: key, projectId: id, scriptId, sessionId } = seeded;
const refused = 'unauthorized or invalid request';

const RUN = {
  editScript: () => fixture.gateway.execute(EDIT, { input: { id: scriptId, name: 'x' } }),
  updateScript: () => fixture.gateway.execute(UPDATE, { input: { id: scriptId, source: 'return 1' } }),
  toggleScript: () => fixture.gateway.execute(TOGGLE, { input: { id: scriptId, enabled: true } }),
  deleteScript: () => fixture.gateway.execute(DELETE, { input: { id: scriptId } }),
  editProject: () => fixture.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } }),
  deleteProject: () => fixture.gateway.execute(DELETE_PROJECT, { input: { id } }),
  editUser: () => fixture.gateway.execute(EDIT_USER, { input: { key, note: 'a note of its own' } }),
  blacklistUser: () => fixture.gateway.execute(BLACKLIST, { input: { key } }),
  unblacklistUser: () => fixture.gateway.execute(UNBLACKLIST, { input: { key } }),
  disconnectSession: () => fixture.gateway.execute(DISCONNECT, { input: { id: sessionId } }),
  disconnectSessions: () => fixture.gateway.execute(DISCONNECT_MANY, { input: { ids: [sessionId] } }),
  messageSession: () => fixture.gateway.execute(MESSAGE, { input: { id: sessionId, handler: 'ping' } }),
  createAdSystem: () => fixture.gateway.execute(CREATE_AD_SYSTEM, { input: { projectId: id, name: 'x' } }),
  editAdSystem: () => fixture.gateway.execute(EDIT_AD_SYSTEM, { input: { id: 'system', name: 'x' } }),
} as const;

type Name = keyof typeof RUN;

/** The documented refusals of each endpoint that writes: its codes with their messages, and the type for each. */
const DOCUMENTED: Record<Name, readonly (readonly [code: number, message: string, type: string])[]> = {
  editScript: [
    [0, 'account expired', 'AccountExpired'],
    [1, 'cannot edit nothing', 'NothingToEdit'],
    [2, 'tier does not allow ffa mode', 'TierTooLow'],
  ],
  updateScript: [],
  toggleScript: [],
  deleteScript: [],
  editProject: [
    [0, 'account expired', 'AccountExpired'],
    [1, 'cannot edit nothing', 'NothingToEdit'],
  ],
  deleteProject: [],
  editUser: [
    [0, 'account expired', 'AccountExpired'],
    [1, 'key already exists with this discord', 'DiscordAlreadyLinked'],
    [2, 'cannot edit nothing', 'NothingToEdit'],
  ],
  blacklistUser: [
    [0, 'user already blacklisted', 'AlreadyBlacklisted'],
    [1, 'account expired', 'AccountExpired'],
  ],
  unblacklistUser: [
    [0, 'user not blacklisted', 'NotBlacklisted'],
    [1, 'account expired', 'AccountExpired'],
  ],
  disconnectSession: [],
  disconnectSessions: [],
  messageSession: [],
  createAdSystem: [
    [0, 'max systems reached', 'MaxSystemsReached'],
    [1, 'account expired', 'AccountExpired'],
    [2, 'cannot use this project', 'ProjectNotUsable'],
  ],
  editAdSystem: [],
};

/** Types of refusals that only the gateway says itself: the API's own are not documented there. */
const OWN: Partial<Record<Name, readonly string[]>> = { editAdSystem: ['NothingToEdit'] };

const names = Object.keys(RUN) as Name[];
const all = names.flatMap((name) =>
  DOCUMENTED[name].map(([code, message, type]) => ({ name, code, message, type })),
);

async function resultOf(name: Name, error: object, status = 200): Promise<unknown> {
  fixture.sandbox.fault({
    kind: 'raw',
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ success: false, error }),
  });
  const { data, errors }: Result<unknown> = await RUN[name]();
  expect(errors).toBeUndefined();
  return Object.values((data ?? {}) as object)[0];
}

describe('the table of documented refusals', () => {
  const schema = createSchema();
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

  it('has every mutation', () => {
    expect(mutations.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it.each(names)('has all that the result of %s can be beside what every endpoint may say', (name) => {
    const result = getNamedType(mutations.find((field) => field.name === name)?.type);
    const types = isAbstractType(result) ? schema.getPossibleTypes(result) : [];
    const refusals = types.filter((type) => type.getInterfaces().some((one) => one.name === 'Refusal'));
    expect(refusals.map((type) => type.name).sort()).toEqual(
      [
        ...DOCUMENTED[name].map(([, , type]) => type),
        ...(OWN[name] ?? []),
        'InvalidFields',
        'NotPermitted',
        'UnknownRefusal',
      ].sort(),
    );
  });
});

describe('AccountExpired', () => {
  it('is told apart from NotPermitted by the sandbox as well, at every endpoint that documents it', async () => {
    const headers = { token: sandboxKeys.expired };
    const input = { id: scriptId, name: 'x' };
    const results = [
      await fixture.gateway.execute(EDIT, { input }, headers),
      await fixture.gateway.execute(EDIT, { input: { ...input, id: 'unknown' } }),
      await fixture.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } }, headers),
      await fixture.gateway.execute(EDIT_PROJECT, { input: { id: 'unknown', name: 'x' } }),
      await fixture.gateway.execute(EDIT_USER, { input: { key, note: 'x' } }, headers),
      await fixture.gateway.execute(EDIT_USER, { input: { key: 'unknown', note: 'x' } }),
      await fixture.gateway.execute(BLACKLIST, { input: { key } }, headers),
      await fixture.gateway.execute(BLACKLIST, { input: { key: 'unknown' } }),
      await fixture.gateway.execute(UNBLACKLIST, { input: { key: seeded.blacklistedUserKey } }, headers),
      await fixture.gateway.execute(UNBLACKLIST, { input: { key: 'unknown' } }),
    ];
    const types = results.map(({ data }) => Object.values(data ?? {}).map(({ __typename }) => __typename));
    expect(types.flat()).toEqual(results.map((_, index) => (index % 2 ? 'NotPermitted' : 'AccountExpired')));
  });
});

describe('a documented refusal', () => {
  it.each(all)('of $name is $type: $message', async ({ name, code, message, type }) => {
    for (const status of [200, 400, 403, 503]) {
      expect(await resultOf(name, { code, message }, status)).toEqual({ __typename: type, message });
    }
  });

  it.each(all)('of $name is $type by its message, whatever the code', async ({ name, message, type }) => {
    for (const code of [-1, 0, 1, 2, 9]) {
      const said = ` ${message.toUpperCase()} `;
      expect(await resultOf(name, { code, message: said })).toEqual({ __typename: type, message: said });
    }
  });

  it.each(all)(
    'of $name is $type by its code, with words that nobody knows',
    async ({ name, code, type }) => {
      const message = 'the moon is full';
      expect(await resultOf(name, { code, message })).toEqual({ __typename: type, message });
    },
  );
});

describe.each(names)('%s', (name) => {
  it('is NotPermitted by its message, also under a code that means something else', async () => {
    for (const code of [-1, 0, 1]) {
      const error = { code, message: refused, failed: ['not yours'] };
      expect(await resultOf(name, error)).toEqual({
        __typename: 'NotPermitted',
        message: refused,
        reasons: ['not yours'],
      });
    }
  });

  it('is NotPermitted or InvalidFields by its failures, also with other words under such a code', async () => {
    const message = 'the request is invalid';
    for (const code of [-1, 0, 1]) {
      expect(await resultOf(name, { code, message, failed: ['not yours'] })).toEqual({
        __typename: 'NotPermitted',
        message,
        reasons: ['not yours'],
      });
      const failed = [{ field: 'name', errors: ['too long'] }];
      expect(await resultOf(name, { code, message, failed })).toMatchObject({
        __typename: 'InvalidFields',
        message,
        fields: [{ messages: ['too long'] }],
      });
    }
  });

  it('is UnknownRefusal for what only another endpoint documents', async () => {
    const own = DOCUMENTED[name].map(([, message]) => message);
    for (const { message } of all.filter((one) => !own.includes(one.message))) {
      expect(await resultOf(name, { code: 0, message })).toEqual({
        __typename: 'UnknownRefusal',
        message,
        code: 0,
      });
    }
  });

  it('is UnknownRefusal for an undocumented code', async () => {
    expect(await resultOf(name, { code: 77, message: 'maintenance' })).toEqual({
      __typename: 'UnknownRefusal',
      message: 'maintenance',
      code: 77,
    });
  });
});

describe('the path of an invalid field', () => {
  it.each<[Name, string, string]>([
    ['editProject', 'project_id', 'id'],
    ['editProject', 'name', 'name'],
    ['editProject', 'fingerprint_reset_cooldown', 'fingerprintResetCooldownMs'],
    ['editProject', 'allow_fingerprint_resets', 'allowFingerprintResets'],
    ['editProject', 'delete_expired_users', 'deleteExpiredUsers'],
    ['editProject', 'execution_webhook', 'executionWebhook'],
    ['editProject', 'information_webhook', 'informationWebhook'],
    ['editProject', 'blacklist_webhook', 'blacklistWebhook'],
    ['deleteProject', 'project_id', 'id'],
    ['editUser', 'user_key', 'key'],
    ['editUser', 'discord_id', 'discordId'],
    ['editUser', 'key_expires', 'keyExpiresAt'],
    ['editUser', 'note', 'note'],
    ['editUser', 'toString', 'toString'],
    ['blacklistUser', 'user_key', 'key'],
    ['blacklistUser', 'expires', 'expiresAt'],
    ['blacklistUser', 'reason', 'reason'],
    ['unblacklistUser', 'user_key', 'key'],
  ])('of %s names the input field for %s: %s', async (name, field, input) => {
    const error = { code: -1, message: refused, failed: [{ field, errors: ['is invalid'] }] };
    expect(await resultOf(name, error)).toEqual({
      __typename: 'InvalidFields',
      message: refused,
      fields: [{ path: ['input', input], messages: ['is invalid'] }],
    });
  });
});
