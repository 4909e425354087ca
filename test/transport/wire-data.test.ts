import { describe, expect, it } from 'vitest';
import { json } from '../support/api/recorder.ts';
import { graphql } from '../support/clients/graphql.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const fixture = useRecorder();

const SCRIPT = {
  id: 'good',
  project_id: 'project',
  name: 'Good',
  free_for_all: false,
  use_heartbeat: true,
  kick_outdated: false,
  require_sessions: false,
  enabled: true,
  total_executions: 1,
  total_sessions: 2,
  total_instances: 3,
};

const SESSION = {
  id: 'session',
  user_key: 'user',
  script_id: 'good',
  roblox_id: 10234711811,
  place_id: 606849621,
  job_id: 'job',
  created_at: 1770624500000,
};

/** Answers with what stands under the path, in a success envelope; a good script everywhere else. */
function serve(answers: Record<string, object>) {
  fixture.respond = ({ line }, response) => {
    const path = line.split(' ')[1] ?? '';
    json(response, { success: true, ...(answers[path] ?? { script: SCRIPT }) });
  };
}

const BAD_BETWEEN_GOOD = graphql(`
  query BadBetweenGood {
    before: script(id: "good") {
      name
    }
    script(id: "bad") {
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
    after: script(id: "good") {
      enabled
    }
  }
`);

const good = { before: { name: 'Good' }, after: { enabled: true } };

describe('a script that is not as documented', () => {
  it.each([
    ['null', { script: null }],
    ['missing', {}],
    ['a list', { script: [SCRIPT] }],
    ['text', { script: 'script' }],
    ['a number', { script: 5 }],
  ])('is an error at its field when it is %s, and its neighbours survive', async (_what, answer) => {
    serve({ '/scripts/bad': { ...answer, constructor: 1 } });
    const { data, errors } = await fixture.gateway.execute(BAD_BETWEEN_GOOD);
    expect(data).toEqual({ ...good, script: null });
    expect(errors).toEqual([
      expect.toBeJustError('UPSTREAM_BAD_RESPONSE', {
        message: "GET /scripts/:script_id: LuaAuth's answer cannot be used: it has no script.",
        path: ['script'],
        locations: expect.any(Array),
        endpoint: 'GET /scripts/:script_id',
      }),
    ]);
  });

  /** One of each kind. unexpected-answers.test.ts has every member of every answer. */
  const FIELDS = [
    ['id', 'id', [5, '']],
    ['name', 'name', [5, ['x']]],
    ['enabled', 'enabled', ['true', 'yes', 1, [], {}]],
    ['total_executions', 'totalExecutions', ['5', 1.5, -1, 1e20, true]],
    ['total_instances', 'totalInstances', [{ $numberLong: '5' }, 'NaN', '', 0.1]],
  ] as const;

  it.each(FIELDS)(
    'is an error at the field for %s, named in it, and its neighbours survive',
    async (wireName, field, wrong) => {
      for (const value of [undefined, null, ...wrong]) {
        serve({ '/scripts/bad': { script: { ...SCRIPT, id: 'bad', [wireName]: value } } });
        const { data, errors } = await fixture.gateway.execute(BAD_BETWEEN_GOOD);
        expect({ value, data }).toEqual({ value, data: { ...good, script: null } });
        expect(errors).toMatchObject([
          expect.toBeError('UPSTREAM_BAD_RESPONSE', {
            message: `GET /scripts/:script_id: LuaAuth's answer cannot be used: its script has no usable "${wireName}".`,
            path: ['script', field],
          }),
        ]);
      }
    },
  );

  it('has an error in place of its project if project_id is malformed', async () => {
    for (const value of [undefined, null, 5, {}, '..']) {
      serve({ '/scripts/bad': { script: { ...SCRIPT, id: 'bad', project_id: value } } });
      const { data, errors } = await fixture.gateway.execute(BAD_BETWEEN_GOOD);
      expect({ value, data }).toEqual({
        value,
        data: { ...good, script: expect.objectContaining({ id: 'bad', project: null }) },
      });
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_BAD_RESPONSE', {
          message: `GET /scripts/:script_id: LuaAuth's answer cannot be used: its script has no usable "project_id".`,
          path: ['script', 'project'],
        }),
      ]);
    }
  });

  it('is no error as long as the field is not selected', async () => {
    serve({ '/scripts/bad': { script: { id: 'bad', name: 'Half' } } });
    const { data, errors } = await fixture.gateway.execute('{ script(id: "bad") { id name } }');
    expect({ data, errors }).toEqual({ data: { script: { id: 'bad', name: 'Half' } }, errors: undefined });
  });

  it('is no error when it has more than is documented', async () => {
    const more = { ...SCRIPT, id: 'bad', __typename: 'Session', toString: 'x', nested: { deep: [1] } };
    serve({ '/scripts/bad': { script: more, took_ms: 5 } });
    const { data, errors } = await fixture.gateway.execute(
      '{ script(id: "bad") { __typename name } _entities(representations: [{ __typename: "Script", id: "bad" }]) { __typename ... on Script { name } } }',
    );
    expect(errors).toBeUndefined();
    const script = { __typename: 'Script', name: 'Good' };
    expect(data).toEqual({ script, _entities: [script] });
  });

  it.each([undefined, null, 7, '..', '../users/x', ''])(
    'with the id %j asks for nothing under that id',
    async (id) => {
      serve({ '/scripts/bad': { script: { ...SCRIPT, id } } });
      const { data, errors } = await fixture.gateway.execute(
        `{
        executions: script(id: "bad") { executions { date } }
        sessions: script(id: "bad") { sessions { nodes { id } } }
      }`,
      );
      expect(data).toEqual({ executions: { executions: null }, sessions: { sessions: null } });
      expect(errors).toHaveLength(2);
      for (const error of errors ?? []) {
        expect(error.message).toMatch(/its script has no usable "id"/);
        expect(error.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
      }
      expect(fixture.recorder.lines()).toEqual(['GET /scripts/bad']);
    },
  );
});

describe('executions that are not as documented', () => {
  const run = () =>
    fixture.gateway.execute<unknown, undefined>(
      '{ script(id: "good") { executions { date count } } other: script(id: "good") { name } }',
    );
  const other = { name: 'Good' };

  it.each([[null], [undefined], [[]], ['01/01'], [5]])(
    'are an error at their field when they are %j',
    async (executions) => {
      serve({ '/scripts/good/executions': { script: SCRIPT, executions } });
      const { data, errors } = await run();
      expect(data).toEqual({ script: { executions: null }, other });
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_BAD_RESPONSE', {
          message: expect.stringMatching(
            /^GET \/scripts\/:script_id\/executions: .* it has no executions\.$/,
          ),
          path: ['script', 'executions'],
        }),
      ]);
    },
  );

  it.each([[null], ['5'], [1.5], [-1], [{}]])('are an error at a count that is %j', async (count) => {
    serve({ '/scripts/good/executions': { executions: { '01/01': 1, '01/02': count } } });
    const { data, errors } = await run();
    expect(data).toEqual({ script: { executions: null }, other });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['script', 'executions', 1, 'count'] }),
    ]);
  });

  it('are listed as data whatever the days are called', async () => {
    fixture.respond = ({ line }, response) => {
      if (!line.endsWith('/executions')) return json(response, { success: true, script: SCRIPT });
      response.end(
        '{"success":true,"executions":{"__proto__":1,"constructor":2,"":3,"toString":4,"01/01":5}}',
      );
    };
    const { data, errors } = await run();
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      script: {
        executions: [
          { date: '__proto__', count: 1 },
          { date: 'constructor', count: 2 },
          { date: '', count: 3 },
          { date: 'toString', count: 4 },
          { date: '01/01', count: 5 },
        ],
      },
      other,
    });
    expect(({} as Record<string, unknown>)['01/01']).toBeUndefined();
  });
});

describe('a session that is not as documented', () => {
  const FIELDS = [
    ['id', 'id', [5, undefined]],
    ['user_key', 'userKey', [5, {}, false]],
    ['script_id', 'script', [5, null, undefined, '..', 'a/b']],
    ['roblox_id', 'robloxId', [null, undefined, '', 'abc', 1.5, 1e21, {}]],
    ['place_id', 'placeId', [null, undefined, '12x', true]],
    ['job_id', 'jobId', [5, null, undefined]],
    // The last two are of the year 10000, and before the year 0: RFC 3339 has four digits.
    [
      'created_at',
      'createdAt',
      ['2026-02-09', null, undefined, 1e18, {}, 253_402_300_800_000, -62_167_219_200_001],
    ],
  ] as const;
  const SELECTION = 'id script { id } userKey robloxId placeId jobId createdAt';

  it.each(FIELDS)('is an error at the field for %s, by id and in a list', async (wireName, field, wrong) => {
    for (const value of wrong) {
      const bad = { ...SESSION, [wireName]: value };
      serve({
        '/sessions/bad': { session: { ...bad, id: wireName === 'id' ? value : 'bad' } },
        '/sessions/session': { session: SESSION },
        '/scripts/good/sessions': { sessions: [SESSION, bad] },
      });
      const { data, errors } = await fixture.gateway.execute<Record<string, unknown>, undefined>(
        `{
          session(id: "bad") { ${SELECTION} }
          script(id: "good") { sessions { nodes { ${SELECTION} } } }
          other: session(id: "session") { ${SELECTION} }
        }`,
      );
      // The key and the script may be null by themselves; any other field takes its session with it.
      const isAlone = field === 'userKey' || field === 'script';
      const nulls = isAlone ? expect.objectContaining({ [field]: null }) : null;
      expect({ value, ...data }).toMatchObject({
        value,
        session: nulls,
        script: { sessions: isAlone ? { nodes: [{ userKey: 'user' }, nulls] } : null },
        other: { createdAt: '2026-02-09T08:08:20.000Z', robloxId: '10234711811' },
      });
      expect(errors?.map(({ path }) => path)).toEqual(
        expect.arrayContaining([
          ['session', field],
          ['script', 'sessions', 'nodes', 1, field],
        ]),
      );
      expect(errors).toHaveLength(2);
      for (const error of errors ?? []) {
        expect(error.message).toContain(`its session has no usable "${wireName}"`);
        expect(error.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
      }
    }
  });

  it.each([[null], [{}], ['none'], [5], [undefined]])(
    'is an error at the list when sessions are %j',
    async (sessions) => {
      serve({ '/scripts/good/sessions': { sessions } });
      const { data, errors } = await fixture.gateway.execute(
        '{ script(id: "good") { sessions { nodes { id } } } other: script(id: "good") { name } }',
      );
      expect(data).toEqual({ script: { sessions: null }, other: { name: 'Good' } });
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_BAD_RESPONSE', {
          message: expect.stringMatching(/it has no list of sessions\.$/),
          path: ['script', 'sessions'],
        }),
      ]);
    },
  );

  it.each([[null], [[]], ['x']])('is an error at the list when a row is %j', async (row) => {
    serve({ '/scripts/good/sessions': { sessions: [SESSION, row] } });
    const { data, errors } = await fixture.gateway.execute(
      '{ script(id: "good") { sessions { nodes { id } } } }',
    );
    expect(data).toEqual({ script: { sessions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['script', 'sessions'] }),
    ]);
  });

  it('is an error at the list when there are more rows than were asked for', async () => {
    const sessions = Array.from({ length: 4 }, (_, index) => ({ ...SESSION, id: `s${index}` }));
    serve({ '/scripts/good/sessions': { sessions } });
    const page = (first: number) =>
      fixture.gateway.execute(
        `{ script(id: "good") { sessions(first: ${first}) { nodes { id } pageInfo { hasNextPage } } } }`,
      );
    // One row more than a page has is asked for.
    expect((await page(3)).data).toMatchObject({ script: { sessions: { pageInfo: { hasNextPage: true } } } });
    const { data, errors } = await page(2);
    expect(data).toEqual({ script: { sessions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', {
        message: expect.stringMatching(/it has more sessions than were asked for\.$/),
        path: ['script', 'sessions'],
      }),
    ]);
  });

  it('keeps exact digits of Roblox ids, as numbers and as text', async () => {
    fixture.respond = (_call, response) => {
      response.end(
        JSON.stringify({ success: true, session: { ...SESSION, place_id: '0012' } }).replace(
          '10234711811',
          '9007199254740993',
        ),
      );
    };
    const { data, errors } = await fixture.gateway.execute(
      '{ session(id: "session") { robloxId placeId jobId } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ session: { robloxId: '9007199254740993', placeId: '0012', jobId: 'job' } });
  });
});
