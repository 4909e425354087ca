import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { DELETE, EDIT, EDIT_PROJECT, TOGGLE, UPDATE } from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';

const fixture = useSandbox();

const id = seeded.scriptId;
const refused = 'unauthorized or invalid request';
const STATUSES = [200, 400, 401, 403, 404, 409, 422, 500, 503];

/** Every mutation with an input that the gateway itself finds nothing wrong with. */
const MUTATIONS = [
  {
    name: 'editScript',
    path: 'edit',
    run: () => fixture.gateway.execute(EDIT, { input: { id, name: 'Renamed' } }),
  },
  {
    name: 'updateScript',
    path: 'update',
    run: () => fixture.gateway.execute(UPDATE, { input: { id, source: 'return 1' } }),
  },
  {
    name: 'toggleScript',
    path: 'toggle',
    run: () => fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }),
  },
  { name: 'deleteScript', path: 'remove', run: () => fixture.gateway.execute(DELETE, { input: { id } }) },
] as const;

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

const resultOf = ({ data }: Result<unknown>) => Object.values((data ?? {}) as object)[0];

describe.each(MUTATIONS)('$name', ({ name, path, run }) => {
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
  ])('is %s, whatever the HTTP status', async (_what, error, expected) => {
    for (const status of STATUSES) {
      fixture.sandbox.reset();
      answerWith(failure(error), status);
      const result = await run();
      expect({ status, errors: result.errors, result: resultOf(result) }).toEqual({
        status,
        errors: undefined,
        result: expected,
      });
      expect(fixture.lines()).toEqual([`POST /scripts/${id}/${path}`]);
    }
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
          message: expect.stringMatching(
            path === 'update' && outcome === 'UNKNOWN' ? / run the script, before you try again\./ : advice,
          ),
          path: [name],
          locations: expect.any(Array),
          endpoint: `POST /scripts/:script_id/${path}`,
          outcome,
          upstreamCode: -1,
        }),
      ]);
      expect(fixture.lines()).toEqual([`POST /scripts/${id}/${path}`]);
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
    for (const status of [200, 400, 500]) {
      fixture.sandbox.reset();
      answerWith(body, status);
      const { errors } = await run();
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: [name], outcome: 'UNKNOWN' }),
      ]);
      expect(fixture.lines()).toEqual([`POST /scripts/${id}/${path}`]);
    }
  });

  it.each([-1, 0, 7])(
    'has an error for the quota, under the code %i, and was not carried out',
    async (code) => {
      fixture.sandbox.fault({
        kind: 'raw',
        headers: { 'retry-after': '86400' },
        body: JSON.stringify(failure({ code, message: 'ratelimited' })),
        times: 100,
      });
      const { errors } = await run();
      expect(errors).toMatchObject([
        expect.toBeError('RATE_LIMITED', { path: [name], outcome: 'NOT_EXECUTED' }),
      ]);
    },
  );

  it('passes on a long message, but not at any length', async () => {
    answerWith(failure({ code: 7, message: 'x'.repeat(100_000) }));
    const { message } = resultOf(await run());
    expect(message).toHaveLength(500);
    expect(message).toMatch(/^x+…$/);
  });

  it.each([
    ['reasons', Array(2_000).fill('x'.repeat(100)), { reasons: Array(40).fill('x'.repeat(100)) }],
    [
      'messages',
      [{ field: 'a', errors: Array(2_000).fill('x'.repeat(499)) }],
      { fields: [{ path: ['input', 'a'], messages: Array(8).fill('x'.repeat(499)) }] },
    ],
    [
      'nested messages',
      [{ field: 'a', errors: [{ errors: Array(2_000).fill('x'.repeat(600)) }] }],
      { fields: [{ path: ['input', 'a'], messages: Array(7).fill(`${'x'.repeat(499)}…`) }] },
    ],
  ])('passes on many %s, but not any number', async (_what, failed, expected) => {
    answerWith(failure({ code: -1, message: refused, failed }));
    expect(resultOf(await run())).toMatchObject(expected);
  });
});

describe('the codes of an endpoint', () => {
  const CODES = [0, 1, 2];

  it.each([
    [0, 'AccountExpired', 'account expired'],
    [1, 'NothingToEdit', 'cannot edit nothing'],
    [2, 'TierTooLow', 'tier does not allow ffa mode'],
    ['0', 'AccountExpired', 'account expired'],
  ])('are what editScript documents: %j is %s', async (code, __typename, message) => {
    for (const status of STATUSES) {
      fixture.sandbox.reset();
      answerWith(failure({ code, message }), status);
      expect(resultOf(await MUTATIONS[0].run())).toEqual({ __typename, message });
    }
  });

  it.each(MUTATIONS.slice(1))('mean nothing known for $name', async ({ run }) => {
    for (const code of CODES) {
      answerWith(failure({ code, message: 'account expired' }));
      expect(resultOf(await run())).toEqual({
        __typename: 'UnknownRefusal',
        message: 'account expired',
        code,
      });
    }
  });
});

describe('the path of an invalid field', () => {
  const [edit, update, toggle, remove] = MUTATIONS;
  it.each([
    { mutation: edit, wireName: 'name', field: 'name' },
    { mutation: edit, wireName: 'free_for_all', field: 'freeForAll' },
    { mutation: edit, wireName: 'use_heartbeat', field: 'useHeartbeat' },
    { mutation: edit, wireName: 'kick_outdated', field: 'kickOutdated' },
    { mutation: edit, wireName: 'require_sessions', field: 'requireSessions' },
    { mutation: edit, wireName: 'script_id', field: 'id' },
    { mutation: edit, wireName: 'state', field: 'state' },
    { mutation: update, wireName: 'script', field: 'source' },
    { mutation: update, wireName: 'script_id', field: 'id' },
    { mutation: update, wireName: '__proto__', field: '__proto__' },
    { mutation: toggle, wireName: 'state', field: 'enabled' },
    { mutation: toggle, wireName: 'constructor', field: 'constructor' },
    { mutation: remove, wireName: 'script_id', field: 'id' },
  ])(
    'of $mutation.name names the input field $field for $wireName',
    async ({ mutation, wireName, field }) => {
      answerWith(
        failure({ code: -1, message: refused, failed: [{ field: wireName, errors: ['is invalid'] }] }),
      );
      expect(resultOf(await mutation.run())).toEqual({
        __typename: 'InvalidFields',
        message: refused,
        fields: [{ path: ['input', field], messages: ['is invalid'] }],
      });
    },
  );
});

it('hides a secret as a whole, also where another one is a part of it', async () => {
  const short = 'https://hooks.example.com/1';
  const long = `${short}/short-token`;
  const input = { id: seeded.projectId, executionWebhook: short, informationWebhook: long };
  answerWith({ success: false, error: { code: 7, message: `${long} and ${short} are the same` } });
  const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input });
  expect(data?.editProject).toMatchObject({ message: '… and … are the same' });
});

it('leaves out a message that quotes a webhook of thousands of parts', async () => {
  const parts = Array.from({ length: 5_000 }, (_part, index) => `a-part-that-is-secret-${index}`);
  const executionWebhook = `https://hooks.example.com/${parts.join('/')}`;
  const message = `no webhook: ${executionWebhook.slice(0, 50_000)}`;
  answerWith({ success: false, error: { code: 7, message } });
  const input = { id: seeded.projectId, executionWebhook };
  const { data } = await fixture.gateway.execute(EDIT_PROJECT, { input });
  expect(data?.editProject).toMatchObject({ message: '(left out: it quotes what was sent)' });
});
