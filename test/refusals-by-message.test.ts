import { describe, expect, it } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import type { Result } from './support/gateway.ts';
import { EDIT } from './support/mutations.ts';
import {
  BLACKLIST,
  DELETE_PROJECT,
  EDIT_PROJECT,
  EDIT_USER,
  UNBLACKLIST,
} from './support/other-mutations.ts';
import { useSandbox } from './support/stage.ts';

const stage = useSandbox({ shared: true });

const { userKey: key, projectId: id } = seeded;
const refused = 'unauthorized or invalid request';

const RUN = {
  editScript: () => stage.gateway.execute(EDIT, { input: { id: seeded.scriptId, name: 'x' } }),
  editProject: () => stage.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } }),
  deleteProject: () => stage.gateway.execute(DELETE_PROJECT, { input: { id } }),
  editUser: () => stage.gateway.execute(EDIT_USER, { input: { key, note: 'a note of its own' } }),
  blacklistUser: () => stage.gateway.execute(BLACKLIST, { input: { key } }),
  unblacklistUser: () => stage.gateway.execute(UNBLACKLIST, { input: { key } }),
} as const;

type Name = keyof typeof RUN;

/** What each endpoint documents: the type for each of its codes and the message that comes with it. */
const DOCUMENTED: Record<Name, readonly (readonly [code: number, message: string, type: string])[]> = {
  editScript: [
    [0, 'account expired', 'AccountExpired'],
    [1, 'cannot edit nothing', 'NothingToEdit'],
    [2, 'tier does not allow ffa mode', 'TierTooLow'],
  ],
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
};

const names = Object.keys(RUN) as Name[];
const all = names.flatMap((name) =>
  DOCUMENTED[name].map(([code, message, type]) => ({ name, code, message, type })),
);

async function resultOf(name: Name, error: object, status = 200): Promise<unknown> {
  stage.sandbox.fault({
    kind: 'raw',
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ success: false, error }),
  });
  const { data, errors }: Result<unknown> = await RUN[name]();
  expect(errors).toBeUndefined();
  return Object.values((data ?? {}) as object)[0];
}

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

  it('is UnknownRefusal for a code that nobody documents', async () => {
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
