import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/features/sandbox/faults.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId } = seeded;

const SCRIPT_EXECUTIONS = graphql(`
  query ScriptExecutions($id: ID!) {
    script(id: $id) {
      executions {
        date
        count
      }
    }
  }
`);

const SCRIPT_NAMES = graphql(`
  query ScriptNames($ids: [ID!]!) {
    scripts(ids: $ids) {
      id
      name
    }
  }
`);

describe('script', () => {
  it('lists executions in the order of the answer, with counts above 2^31', async () => {
    fixture.sandbox.executions.set(scriptId, { '09/02': 3, '31/12': 4_000_000_000, '01/02': 0 });
    const { data, errors } = await fixture.gateway.execute(SCRIPT_EXECUTIONS, { id: scriptId });
    expect(errors).toBeUndefined();
    expect(data?.script?.executions).toEqual([
      { date: '09/02', count: 3 },
      { date: '31/12', count: 4_000_000_000 },
      { date: '01/02', count: 0 },
    ]);
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`, `GET /scripts/${scriptId}/executions`]);
  });

  it('keeps the digits of an id that stands in the document as a number', async () => {
    const { errors } = await fixture.gateway.execute('{ script(id: 9007199254740993) { name } }');
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['script'] })]);
    expect(fixture.lines()).toEqual(['GET /scripts/9007199254740993']);
  });

  it.each([2 ** 53, -(2 ** 53), 1e300, 1.5])(
    'rejects the JSON number %d for an id before anything is called',
    async (id) => {
      const { data, errors } = await fixture.gateway.execute<unknown, { id: number }>(
        'query ($id: ID!) { script(id: $id) { name } }',
        { id },
      );
      expect(data).toBeUndefined();
      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.message).toMatch(/\$id/);
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
      expect(fixture.lines()).toEqual([]);
    },
  );

  it('takes a JSON number that is exact', async () => {
    await fixture.gateway.execute<unknown, { id: number }>('query ($id: ID!) { script(id: $id) { name } }', {
      id: 42,
    });
    expect(fixture.lines()).toEqual(['GET /scripts/42']);
  });
});

describe('a read that LuaAuth refuses', () => {
  const refused = 'unauthorized or invalid request';
  type Failure = Omit<Extract<Fault, { kind: 'failure' }>, 'kind'>;
  const cases: [what: string, failure: Failure, code: string, facts: object, said?: string][] = [
    [
      'an authorization failure',
      { code: -1, message: refused, failed: ['not yours', 'key revoked'] },
      'FORBIDDEN',
      { reasons: ['not yours', 'key revoked'] },
      'not yours; key revoked',
    ],
    [
      'a key that LuaAuth does not know',
      { code: -1, message: refused, failed: ['invalid api key'] },
      'UNAUTHENTICATED',
      { reasons: ['invalid api key'] },
      'invalid api key',
    ],
    [
      'a reason that is longer than is shown',
      { code: -1, message: refused, failed: ['x'.repeat(400), 'y'.repeat(400)] },
      'FORBIDDEN',
      { reasons: ['x'.repeat(400), 'y'.repeat(400)] },
      `${'x'.repeat(400)}; ${'y'.repeat(97)}…`,
    ],
    [
      'a reason that is a sentence',
      { code: -1, message: refused, failed: ['Not yours.'] },
      'FORBIDDEN',
      { reasons: ['Not yours.'] },
      'Not yours',
    ],
    ['an empty reason', { code: -1, message: refused, failed: [''] }, 'FORBIDDEN', { reasons: [''] }],
    ['a refusal without reasons', { code: -1, message: refused }, 'FORBIDDEN', { reasons: [] }],
    [
      'invalid data',
      { code: -1, message: refused, failed: [{ field: 'script_id', errors: ['is no id'] }] },
      'BAD_USER_INPUT',
      { fields: [{ field: 'script_id', messages: ['is no id'] }] },
    ],
    [
      'an authorization failure next to invalid data',
      { code: -1, message: refused, failed: [{ field: 'limit', errors: ['too big'] }, 'not yours'] },
      'FORBIDDEN',
      { reasons: ['not yours'] },
      'not yours',
    ],
    [
      'its internal server error',
      { code: -1, message: 'internal server error' },
      'UPSTREAM_ERROR',
      { upstreamCode: -1 },
    ],
    [
      'an invalid endpoint',
      { code: -1, message: 'invalid endpoint' },
      'UPSTREAM_ERROR',
      { upstreamCode: -1 },
    ],
    [
      'a code that it does not document',
      { code: 7, message: 'maintenance' },
      'UPSTREAM_ERROR',
      { upstreamCode: 7 },
    ],
    [
      'a code that means something elsewhere',
      { code: 0, message: 'account expired' },
      'UPSTREAM_ERROR',
      { upstreamCode: 0 },
    ],
  ];
  const statuses = [undefined, 200, 400, 401, 403, 404, 422, 500, 503];

  it.each(cases)(
    'has the code for %s, whatever the HTTP status',
    async (_what, failure, code, facts, said) => {
      for (const status of statuses) {
        fixture.sandbox.reset();
        fixture.sandbox.fault({ kind: 'failure', ...failure, status, times: 100 });
        const { data, errors } = await fixture.gateway.execute(SCRIPT, { id: scriptId });
        expect({ status, data }).toEqual({ status, data: { script: null } });
        expect(errors).toEqual([
          expect.toBeJustError(code, {
            message: `GET /scripts/:script_id: LuaAuth refused: ${said ?? failure.message}.`,
            path: ['script'],
            locations: expect.any(Array),
            endpoint: 'GET /scripts/:script_id',
            ...facts,
          }),
        ]);
      }
    },
  );
});

describe('scripts', () => {
  it('takes ids that differ only in case for different scripts', async () => {
    const lower = scriptId.toLowerCase();
    const upper = scriptId.toUpperCase();
    const script = fixture.sandbox.scripts.get(scriptId);
    if (script) fixture.sandbox.scripts.set(lower, { ...script, id: lower, name: 'lower' });
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids: [upper, lower, scriptId] });
    expect(data?.scripts).toEqual([
      null,
      { id: lower, name: 'lower' },
      { id: scriptId, name: 'Nightfall Hub' },
    ]);
    expect(errors?.map(({ path }) => path)).toEqual([['scripts', 0]]);
    expect([...fixture.lines()].sort()).toEqual(
      [upper, lower, scriptId].map((id) => `GET /scripts/${id}`).sort(),
    );
  });

  it('fails as a whole, and asks for nothing, when more than 100 ids are none', async () => {
    const ids = [scriptId, ...Array<string>(101).fill('..')];
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids });
    expect(data ?? null).toBeNull();
    expect(errors).toEqual([
      expect.toBeError('BAD_USER_INPUT', {
        path: ['scripts'],
        message: expect.stringMatching(
          /^ids: more than 100 of its items are wrong\. The last error: ids\[101\]: "\.\." is not an id\./,
        ),
      }),
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('answers no ids with no scripts', async () => {
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids: [] });
    expect({ data, errors }).toEqual({ data: { scripts: [] }, errors: undefined });
    expect(fixture.lines()).toEqual([]);
  });
});
