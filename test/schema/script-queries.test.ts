import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/features/sandbox/faults.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, freeForAllScriptId, idleScriptId } = seeded;

const WHOLE_SCRIPT = graphql(`
  query WholeScript($id: ID!) {
    script(id: $id) {
      id
      project {
        id
      }
      name
      freeForAll
      useHeartbeat
      kickOutdated
      requireSessions
      enabled
      totalExecutions
      totalSessions
      totalInstances
    }
  }
`);

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
  it('answers every field of GET /scripts/:script_id with one call', async () => {
    const { data, errors } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
    expect(errors).toBeUndefined();
    expect(data?.script).toEqual({
      id: scriptId,
      project: { id: seeded.projectId },
      name: 'Nightfall Hub',
      freeForAll: false,
      useHeartbeat: true,
      kickOutdated: false,
      requireSessions: true,
      enabled: true,
      totalExecutions: 3_412_998_117,
      totalSessions: 2_423_228_663,
      totalInstances: 180,
    });
    expect(fixture.sandbox.calls.map(({ method, path, text }) => ({ method, path, text }))).toEqual([
      { method: 'GET', path: `/scripts/${scriptId}`, text: '' },
    ]);
  });

  it('shows each flag as it is, none in the place of another', async () => {
    const flags = ['freeForAll', 'useHeartbeat', 'kickOutdated', 'requireSessions', 'enabled'] as const;
    const wireNames = [
      'free_for_all',
      'use_heartbeat',
      'kick_outdated',
      'require_sessions',
      'enabled',
    ] as const;
    for (const [on, flag] of flags.entries()) {
      const script = fixture.sandbox.scripts.get(scriptId);
      for (const [index, name] of wireNames.entries()) if (script) script[name] = index === on;
      const { data } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
      const shown = flags.filter((name) => data?.script?.[name]);
      expect(shown).toEqual([flag]);
    }
  });

  it('carries counts up to 2^53 - 1 exactly', async () => {
    Object.assign(fixture.sandbox.scripts.get(scriptId) ?? {}, {
      total_executions: Number.MAX_SAFE_INTEGER,
      total_sessions: 1_234_567_890_123_456,
      total_instances: 2 ** 31,
    });
    const { data, errors } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
    expect(errors).toBeUndefined();
    expect(data?.script).toMatchObject({
      totalExecutions: 9_007_199_254_740_991,
      totalSessions: 1_234_567_890_123_456,
      totalInstances: 2_147_483_648,
    });
  });

  it('refuses to round a count above 2^53 - 1', async () => {
    Object.assign(fixture.sandbox.scripts.get(scriptId) ?? {}, { total_executions: 9_007_199_254_740_993n });
    const { data, errors } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['script', 'totalExecutions'] }),
    ]);
  });

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
        const { data, errors } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
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

  it('says how long to wait when LuaAuth says so', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      headers: { 'content-type': 'application/json', 'retry-after': '200' },
      body: JSON.stringify({ success: false, error: { code: -1, message: 'ratelimited' } }),
      times: 100,
    });
    const { data, errors } = await fixture.gateway.execute(WHOLE_SCRIPT, { id: scriptId });
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([expect.toBeError('RATE_LIMITED', { path: ['script'] })]);
    const retryAfterMs = Number(errors?.[0]?.extensions.retryAfterMs);
    expect(retryAfterMs).toBeGreaterThan(190_000);
    expect(retryAfterMs).toBeLessThanOrEqual(200_000);
  });

  it('leaves the other fields of the operation alone', async () => {
    const { data, errors } = await fixture.gateway.execute(
      `{
        good: script(id: "${scriptId}") { name }
        bad: script(id: "unknown") { name }
        malformed: session(id: "../x") { id }
      }`,
    );
    expect(data).toEqual({ good: { name: 'Nightfall Hub' }, bad: null, malformed: null });
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual(
      expect.arrayContaining([
        [['bad'], 'FORBIDDEN'],
        [['malformed'], 'BAD_USER_INPUT'],
      ]),
    );
    expect(errors).toHaveLength(2);
  });

  it('fails a list of the script at the list alone', async () => {
    fixture.sandbox.fault({
      kind: 'failure',
      code: -1,
      message: refused,
      failed: ['no statistics for you'],
      route: 'GET /scripts/:script_id/executions',
    });
    const { data, errors } = await fixture.gateway.execute(SCRIPT_EXECUTIONS, { id: scriptId });
    expect(data).toEqual({ script: { executions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('FORBIDDEN', {
        path: ['script', 'executions'],
        endpoint: 'GET /scripts/:script_id/executions',
      }),
    ]);
  });
});

describe('scripts', () => {
  it('answers in the order of ids', async () => {
    const ids = [idleScriptId, scriptId, freeForAllScriptId, scriptId];
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids });
    expect(errors).toBeUndefined();
    expect(data?.scripts).toEqual([
      { id: idleScriptId, name: 'New Script' },
      { id: scriptId, name: 'Nightfall Hub' },
      { id: freeForAllScriptId, name: 'Nightfall Lite' },
      { id: scriptId, name: 'Nightfall Hub' },
    ]);
  });

  it('nulls the slot of each script that cannot be read, with an error at its index', async () => {
    const ids = ['NoSuchScript00000000000000000000', scriptId, '..', '', freeForAllScriptId, 'a/b'];
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids });
    expect(data?.scripts.map((script) => script?.name ?? null)).toEqual([
      null,
      'Nightfall Hub',
      null,
      null,
      'Nightfall Lite',
      null,
    ]);
    const byIndex = [...(errors ?? [])].sort((a, b) => Number(a.path?.[1]) - Number(b.path?.[1]));
    expect(
      byIndex.map(({ path, extensions: { code, argument } }) => ({ path, code, argument })),
    ).toStrictEqual([
      { path: ['scripts', 0], code: 'FORBIDDEN', argument: undefined },
      { path: ['scripts', 2], code: 'BAD_USER_INPUT', argument: 'ids[2]' },
      { path: ['scripts', 3], code: 'BAD_USER_INPUT', argument: 'ids[3]' },
      { path: ['scripts', 5], code: 'BAD_USER_INPUT', argument: 'ids[5]' },
    ]);
    expect([...fixture.lines()].sort()).toEqual(
      ['NoSuchScript00000000000000000000', scriptId, freeForAllScriptId]
        .map((id) => `GET /scripts/${id}`)
        .sort(),
    );
  });

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

  it('gives every slot of a script that cannot be read its own error', async () => {
    const { data, errors } = await fixture.gateway.execute(SCRIPT_NAMES, { ids: ['gone', scriptId, 'gone'] });
    expect(data?.scripts).toEqual([null, { id: scriptId, name: 'Nightfall Hub' }, null]);
    expect(errors?.map(({ path }) => path?.[1]).sort()).toEqual([0, 2]);
    expect([...fixture.lines()].sort()).toEqual([`GET /scripts/${scriptId}`, 'GET /scripts/gone']);
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
