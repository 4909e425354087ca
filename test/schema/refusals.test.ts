import { getNamedType, isAbstractType } from 'graphql';
import { describe, expect, it } from 'vitest';
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

/** Sets the next answer of the API. */
function answerWith(body: object, status = 200) {
  fixture.sandbox.fault({
    kind: 'raw',
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const failure = (error: unknown) => ({ success: false, error });

const valueIn = ({ data }: Result<unknown>) => Object.values((data ?? {}) as object)[0];

async function resultOf(name: Name, error: object): Promise<unknown> {
  answerWith(failure(error));
  const result: Result<unknown> = await RUN[name]();
  expect(result.errors).toBeUndefined();
  return valueIn(result);
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

describe('a documented refusal', () => {
  it.each(all)('of $name is $type: $message', async ({ name, code, message, type }) => {
    expect(await resultOf(name, { code, message })).toEqual({ __typename: type, message });
  });

  it.each(DOCUMENTED.editUser)(
    'is known by its message, whatever the code: %i %s',
    async (_code, message, type) => {
      for (const code of [-1, 0, 1, 2, 9]) {
        const said = ` ${message.toUpperCase()} `;
        expect(await resultOf('editUser', { code, message: said })).toEqual({
          __typename: type,
          message: said,
        });
      }
    },
  );

  it.each(DOCUMENTED.editUser)(
    'is known by its code, with words that nobody knows: %i %s',
    async (code, _message, type) => {
      const message = 'the moon is full';
      expect(await resultOf('editUser', { code, message })).toEqual({ __typename: type, message });
    },
  );
});

/** An endpoint with documented codes, and one without. */
describe.each(['editUser', 'deleteScript'] as const)('%s', (name) => {
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
});

describe('the path of an invalid field', () => {
  it.each<[Name, string, string]>([
    ['editScript', 'free_for_all', 'freeForAll'],
    ['editScript', 'script_id', 'id'],
    ['editScript', 'state', 'state'],
    ['updateScript', '__proto__', '__proto__'],
    ['toggleScript', 'state', 'enabled'],
    ['toggleScript', 'constructor', 'constructor'],
    ['disconnectSessions', 'session_ids', 'ids'],
    ['editUser', 'key_expires', 'keyExpiresAt'],
  ])('of %s names the input field for %s: %s', async (name, field, input) => {
    const error = { code: -1, message: refused, failed: [{ field, errors: ['is invalid'] }] };
    expect(await resultOf(name, error)).toEqual({
      __typename: 'InvalidFields',
      message: refused,
      fields: [{ path: ['input', input], messages: ['is invalid'] }],
    });
  });
});

describe('a failed write, by editScript', () => {
  const run = RUN.editScript;
  const line = `POST /scripts/${scriptId}/edit`;

  it.each([
    [
      'NotPermitted with each reason',
      { code: -1, message: refused, failed: ['not yours', 'key revoked'] },
      { __typename: 'NotPermitted', message: refused, reasons: ['not yours', 'key revoked'] },
    ],
    [
      'NotPermitted without a reason',
      { code: -1, message: refused },
      { __typename: 'NotPermitted', message: refused, reasons: [] },
    ],
    [
      'NotPermitted when an authorization failure stands next to an invalid field',
      { code: -1, message: refused, failed: [{ field: 'name', errors: ['too long'] }, 'not yours'] },
      { __typename: 'NotPermitted', message: refused, reasons: ['not yours'] },
    ],
    [
      'InvalidFields with plain and nested messages',
      {
        code: -1,
        message: refused,
        failed: [
          {
            field: 'script_id',
            errors: ['is strange', { message: 'is not JSON', errors: ['line 1', 'line 2'] }],
          },
          { field: 'something_new', errors: [{ message: 'is bad', errors: [] }] },
        ],
      },
      {
        __typename: 'InvalidFields',
        message: refused,
        fields: [
          { path: ['input', 'id'], messages: ['is strange', 'is not JSON', 'line 1', 'line 2'] },
          { path: ['input', 'something_new'], messages: ['is bad'] },
        ],
      },
    ],
    [
      'InvalidFields whose entries are not as documented',
      { code: -1, message: refused, failed: [{ errors: 'bad' }, { field: 5, errors: [null, 7, { x: 1 }] }] },
      {
        __typename: 'InvalidFields',
        message: refused,
        fields: [
          { path: ['input'], messages: [] },
          { path: ['input'], messages: [] },
        ],
      },
    ],
    [
      'UnknownRefusal with its code',
      { code: 7, message: 'maintenance', extra: true },
      { __typename: 'UnknownRefusal', message: 'maintenance', code: 7 },
    ],
    [
      'UnknownRefusal with a code that is given as a string',
      { code: '-12', message: 'maintenance' },
      { __typename: 'UnknownRefusal', message: 'maintenance', code: -12 },
    ],
    [
      'UnknownRefusal for the generic code with a message that nobody knows',
      { code: -1, message: 'the moon is full' },
      { __typename: 'UnknownRefusal', message: 'the moon is full', code: -1 },
    ],
    [
      'UnknownRefusal without a message',
      { code: 9 },
      { __typename: 'UnknownRefusal', message: 'undocumented', code: 9 },
    ],
  ])('is %s', async (_what, error, expected) => {
    expect(await resultOf('editScript', error)).toEqual(expected);
    expect(fixture.lines()).toEqual([line]);
  });

  it.each([
    ['internal server error', 'UNKNOWN', / read the script before you try again\./],
    ['invalid endpoint', 'NOT_EXECUTED', / it is safe to try again\./],
  ])('has an error for "%s", which is no refusal, with its outcome', async (message, outcome, advice) => {
    for (const status of [200, 404, 500]) {
      fixture.sandbox.reset();
      answerWith(failure({ code: -1, message }), status);
      const { data, errors } = await run();
      expect(data ?? null).toBeNull();
      expect(errors).toEqual([
        expect.toBeJustError('UPSTREAM_ERROR', {
          message: expect.stringMatching(advice),
          path: ['editScript'],
          locations: expect.any(Array),
          endpoint: 'POST /scripts/:script_id/edit',
          outcome,
          upstreamCode: -1,
        }),
      ]);
      expect(fixture.lines()).toEqual([line]);
    }
  });

  it.each([
    ['no error', { success: false }],
    ['an error that is text', failure('no')],
    ['an error without a code', failure({ message: 'no' })],
    ['a code that is no whole number', failure({ code: 1.5, message: 'no' })],
    ['a code that no Int can hold', failure({ code: 2 ** 31, message: 'no' })],
    ['a code that is text', failure({ code: 'E7', message: 'no' })],
  ])('has an error for a failure with %s, and its outcome is unknown', async (_what, body) => {
    answerWith(body);
    const { errors } = await run();
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['editScript'], outcome: 'UNKNOWN' }),
    ]);
    expect(fixture.lines()).toEqual([line]);
  });

  it('passes on a long message, but not at any length', async () => {
    answerWith(failure({ code: 7, message: 'x'.repeat(100_000) }));
    const { message } = valueIn(await run());
    expect(message).toHaveLength(500);
    expect(message).toMatch(/^x+…$/);
  });

  it.each([
    ['reasons', Array(2_000).fill('x'.repeat(100)), { reasons: Array(40).fill('x'.repeat(100)) }],
    ['empty reasons', Array(5_000).fill(''), { reasons: Array(100).fill('') }],
    [
      'messages',
      [{ field: 'a', errors: Array(2_000).fill('x'.repeat(499)) }],
      { fields: [{ path: ['input', 'a'], messages: Array(7).fill('x'.repeat(499)) }] },
    ],
    [
      'fields',
      Array(20_000).fill({ field: 'a', errors: [] }),
      { fields: Array(100).fill({ path: ['input', 'a'], messages: [] }) },
    ],
    [
      'nested messages',
      [{ field: 'a', errors: [{ errors: Array(2_000).fill('x'.repeat(600)) }] }],
      { fields: [{ path: ['input', 'a'], messages: Array(7).fill(`${'x'.repeat(499)}…`) }] },
    ],
  ])('passes on many %s, but not any number', async (_what, failed, expected) => {
    answerWith(failure({ code: -1, message: refused, failed }));
    expect(valueIn(await run())).toMatchObject(expected);
  });
});

it('shows what the client has sent if LuaAuth quotes it, but not the key', async () => {
  const source = 'local a = 1\nprint(a)';
  answerWith(failure({ code: 7, message: `cannot parse ${source} of sandbox-key` }));
  const { data } = await fixture.gateway.execute(UPDATE, { input: { id: scriptId, source } });
  expect(data?.updateScript).toMatchObject({ message: `cannot parse ${source} of …` });
});
