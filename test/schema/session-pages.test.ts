import type { ResultOf, VariablesOf } from 'gql.tada';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../src/features/sandbox/server.ts';
import { answerPlainly, wireSession } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { graphql } from '../support/clients/graphql.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import { openGateway, type Result, type TestGateway } from '../support/gateways/gateway.ts';

const fixture = useSandbox();

const { scriptId, freeForAllScriptId, idleScriptId } = seeded;

const WALK = graphql(`
  query Walk($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {
    script(id: $id) {
      sessions(first: $first, after: $after, filter: $filter) {
        nodes {
          id
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

const CURSORS = graphql(`
  query Cursors($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {
    script(id: $id) {
      sessions(first: $first, after: $after, filter: $filter) {
        edges {
          cursor
        }
      }
    }
  }
`);

const listBodies = () =>
  fixture.sandbox.calls.filter(({ path }) => path.endsWith('/sessions')).map(({ body }) => body);

/** All sessions of a list, page by page. */
async function walk(gateway: TestGateway, variables: Omit<VariablesOf<typeof WALK>, 'after'>) {
  const met: string[] = [];
  let pages = 0;
  let after: string | null = null;
  for (let hasNextPage = true; hasNextPage && pages < 200; pages += 1) {
    const { data, errors }: Result<ResultOf<typeof WALK>> = await gateway.execute(WALK, {
      ...variables,
      after,
    });
    expect(errors).toBeUndefined();
    met.push(...(data?.script?.sessions?.nodes.map(({ id }) => id) ?? []));
    hasNextPage = data?.script?.sessions?.pageInfo.hasNextPage ?? false;
    after = data?.script?.sessions?.pageInfo.endCursor ?? null;
  }
  return { met, pages };
}

describe('hasNextPage', () => {
  it('is known from the one further row of the page itself', async () => {
    const { data } = await fixture.gateway.execute(WALK, { id: scriptId, first: 3 });
    expect(data?.script?.sessions?.pageInfo.hasNextPage).toBe(true);
    expect(listBodies()).toEqual([{ from: 0, limit: 4 }]);
  });

  it('asks for one row behind a page that comes back without its further row', async () => {
    const { data } = await fixture.gateway.execute(WALK, {
      id: 'VlsbEgp7CEq6UEoCMYyvJ673C7U10Ebm',
      first: 2,
    });
    expect(data?.script?.sessions?.nodes).toHaveLength(2);
    expect(data?.script?.sessions?.pageInfo.hasNextPage).toBe(false);
    expect(listBodies()).toEqual([
      { from: 0, limit: 3 },
      { from: 2, limit: 1 },
    ]);
  });

  it('asks nothing behind an empty page', async () => {
    const { data } = await fixture.gateway.execute(WALK, { id: idleScriptId });
    expect(data?.script?.sessions?.pageInfo).toEqual({ hasNextPage: false, endCursor: null });
    expect(listBodies()).toEqual([{ from: 0, limit: 51 }]);
  });

  it('asks nothing when it is not selected', async () => {
    const { data } = await fixture.gateway.execute(CURSORS, {
      id: 'VlsbEgp7CEq6UEoCMYyvJ673C7U10Ebm',
      first: 2,
    });
    expect(data?.script?.sessions?.edges).toHaveLength(2);
    expect(listBodies()).toEqual([{ from: 0, limit: 3 }]);
  });

  it('fails at its own place when only its row cannot be had', async () => {
    const failure = { kind: 'failure', code: -1, message: 'unauthorized or invalid request' } as const;
    const route = 'POST /scripts/:script_id/sessions';
    fixture.sandbox.fault({ kind: 'delay', ms: 0, route });
    fixture.sandbox.fault({ ...failure, route, times: 10 });
    const { data, errors } = await fixture.gateway.execute(WALK, {
      id: 'VlsbEgp7CEq6UEoCMYyvJ673C7U10Ebm',
      first: 2,
    });
    expect(data).toEqual({ script: { sessions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('FORBIDDEN', { path: ['script', 'sessions', 'pageInfo', 'hasNextPage'] }),
    ]);
  });
});

describe('a walk with endCursor', () => {
  it.each([
    { maxLimit: 7, first: 50 },
    { maxLimit: 1, first: 100 },
    { maxLimit: 50, first: 50 },
    { maxLimit: 51, first: 50 },
    { maxLimit: 100, first: 100 },
    { maxLimit: 1000, first: 100 },
    { maxLimit: 1000, first: 7, filter: { placeId: String(seeded.placeId) } },
  ])(
    'meets every session once where LuaAuth lists at most $maxLimit and $first are asked for, with the filter $filter',
    async ({ maxLimit, first, filter }) => {
      const sandbox = await startSandbox({ rate: 0, maxLimit });
      const gateway = await openGateway({ upstream: sandbox.url });
      const id = filter ? scriptId : freeForAllScriptId;
      const expected = [...sandbox.sessions.values()]
        .filter(({ script_id, place_id }) => script_id === id && (!filter || place_id === seeded.placeId))
        .map((session) => session.id);
      const { met, pages } = await walk(gateway, { id, first, filter });
      await gateway.close();
      await sandbox.close();
      expect(expected.length).toBeGreaterThan(14);
      expect(met).toEqual(expected);
      expect(pages).toBe(Math.ceil(expected.length / Math.min(first, maxLimit)));
    },
  );
});

describe('first', () => {
  it.each([-1, 101, 2_147_483_647, 2_147_483_648, -2_147_483_649])(
    'refuses %d and names the range',
    async (first) => {
      const { data, errors } = await fixture.gateway.execute(WALK, { id: scriptId, first });
      expect(data).toEqual({ script: { sessions: null } });
      expect(errors).toMatchObject([
        expect.toBeError('BAD_USER_INPUT', {
          message: `first: ${first} is out of range. Give a whole number from 0 to 100.`,
          path: ['script', 'sessions'],
          argument: 'first',
        }),
      ]);
      // The script stays, and is read for that.
      expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`]);
    },
  );

  it.each([1.5, '10', true])('refuses %j, which is no Int, before anything is called', async (first) => {
    const { data, errors } = await fixture.gateway.execute(WALK, { id: scriptId, first: first as number });
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toMatch(/\$first/);
    expect(fixture.lines()).toEqual([]);
  });

  it.each(['-1', '2147483648'])('refuses %s in the document and names the range', async (first) => {
    const { errors } = await fixture.gateway.execute(
      `{ script(id: "${scriptId}") { sessions(first: ${first}) { nodes { id } } } }`,
    );
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', {
        message: `first: ${first} is out of range. Give a whole number from 0 to 100.`,
        argument: 'first',
      }),
    ]);
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`]);
  });

  it('of 0 is an empty page, which costs a call only to say whether anything follows', async () => {
    const page = (script: string, selection: string, after: string | null = null) =>
      fixture.gateway.execute<{ script: { sessions: unknown } }, object>(
        `query ($after: String) { script(id: "${script}") { sessions(first: 0, after: $after) { ${selection} } } }`,
        { after },
      );
    const empty = { nodes: [], edges: [], pageInfo: { startCursor: null, endCursor: null } };
    const plain = await page(scriptId, 'nodes { id } edges { cursor } pageInfo { startCursor endCursor }');
    expect(plain.data?.script.sessions).toEqual(empty);
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`]);
    fixture.sandbox.reset();

    const { data } = await fixture.gateway.execute(CURSORS, { id: scriptId, first: 3 });
    const last = data?.script?.sessions?.edges.at(-1)?.cursor;
    const asked = 'pageInfo { hasNextPage hasPreviousPage }';
    expect((await page(scriptId, asked)).data?.script.sessions).toEqual({
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    const behind = await page(scriptId, asked, last);
    expect(behind.data?.script.sessions).toMatchObject({ pageInfo: { hasPreviousPage: true } });
  });

  it('has no last and no before beside it', async () => {
    const { errors } = await fixture.gateway.execute(
      `{ script(id: "${scriptId}") { sessions(last: 3, before: "x") { nodes { id } } } }`,
    );
    expect(errors?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Unknown argument "last"/),
      expect.stringMatching(/^Unknown argument "before"/),
    ]);
    expect(fixture.lines()).toEqual([]);
  });
});

describe('a cursor', () => {
  const cursorsOf = async (id: string, filter?: { placeId: string }) => {
    const { data } = await fixture.gateway.execute(CURSORS, { id, first: 3, filter });
    return data?.script?.sessions?.edges.map(({ cursor }) => cursor) ?? [];
  };

  const expectRefusal = async (after: string, filter?: { placeId: string }) => {
    const before = fixture.lines().length;
    const { data, errors } = await fixture.gateway.execute(CURSORS, { id: scriptId, after, filter });
    expect(data).toEqual({ script: { sessions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', {
        message: expect.stringMatching(/^after: this is not a cursor of this list/),
        path: ['script', 'sessions'],
        argument: 'after',
      }),
    ]);
    expect(JSON.stringify(errors).length).toBeLessThan(1000);
    expect(fixture.lines().slice(before)).toEqual([`GET /scripts/${scriptId}`]);
  };

  it('is opaque and stays the same for the same place', async () => {
    const [first, again] = [await cursorsOf(scriptId), await cursorsOf(scriptId)];
    expect(first).toHaveLength(3);
    expect(new Set(first).size).toBe(3);
    expect(again).toEqual(first);
    for (const cursor of first) expect(cursor).toMatch(/^[\w-]{8,64}$/);
  });

  it('of another script is refused', async () => {
    for (const cursor of await cursorsOf(freeForAllScriptId)) await expectRefusal(cursor);
  });

  it('of another filter is refused, and so is one with or without a filter for the other', async () => {
    const [filter, other] = [{ placeId: String(seeded.placeId) }, { placeId: '286090429' }];
    const [plain] = await cursorsOf(scriptId);
    const [filtered] = await cursorsOf(scriptId, filter);
    await expectRefusal(plain ?? '', filter);
    await expectRefusal(filtered ?? '');
    await expectRefusal(filtered ?? '', other);
  });

  it('that was changed anywhere is refused', async () => {
    const [cursor = ''] = await cursorsOf(scriptId);
    for (let index = 0; index < cursor.length; index += 1) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      await expectRefusal(cursor.slice(0, index) + other + cursor.slice(index + 1));
    }
    await expectRefusal(`${cursor}=`);
    await expectRefusal(` ${cursor}`);
    await expectRefusal(cursor.slice(0, -1));
    await expectRefusal(cursor + cursor);
  });

  it('of one script of several fails only the others, each at its own place', async () => {
    const [after] = await cursorsOf(scriptId);
    const before = fixture.lines().length;
    const { data, errors } = await fixture.gateway.execute<unknown, object>(
      `query ($ids: [ID!]!, $representations: [_Any!]!, $after: String) {
        scripts(ids: $ids) { ...Page }
        _entities(representations: $representations) { ...Page }
      }
      fragment Page on Script {
        page: sessions(first: 1, after: $after) { nodes { __typename } }
        skipped: sessions(first: 0) @skip(if: true) { nodes { __typename } }
      }`,
      {
        ids: [freeForAllScriptId, scriptId],
        representations: [scriptId, freeForAllScriptId].map((id) => ({ __typename: 'Script', id })),
        after,
      },
    );
    const page = { page: { nodes: [{ __typename: 'Session' }] } };
    expect(data).toEqual({ scripts: [{ page: null }, page], _entities: [page, { page: null }] });
    expect(errors).toEqual([
      expect.toBeJustError('BAD_USER_INPUT', { path: ['scripts', 0, 'page'], argument: 'after' }),
      expect.toBeJustError('BAD_USER_INPUT', { path: ['_entities', 1, 'page'], argument: 'after' }),
    ]);
    expect(fixture.lines().slice(before).sort()).toEqual([
      `GET /scripts/${scriptId}`,
      `GET /scripts/${freeForAllScriptId}`,
      `POST /scripts/${scriptId}/sessions`,
    ]);
  });

  it.each([
    ['empty text', ''],
    ['a number', '5'],
    ['an index by itself', encode('5')],
    ['a negative index', encode('-1:AAAAAAAA')],
    ['an index that is no number', encode('NaN:AAAAAAAA')],
    ['a fraction', encode('1.5:AAAAAAAA')],
    ['an index above 2^53', encode('9007199254740993:AAAAAAAA')],
    ['a large index', encode('999999999999999:AAAAAAAA')],
    ['what other gateways use', Buffer.from('OffsetConnection:5').toString('base64')],
    ['NUL', '\0'],
    ['a lone surrogate', '\ud800'],
    ['1 MB', 'A'.repeat(1024 * 1024)],
  ])('that is %s is refused', async (_what, after) => {
    await expectRefusal(after);
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

describe('a page that is longer than was asked for', () => {
  const clock = createManualClock();
  const recorded = useRecorder({ transport: { clock } });
  /** Lists the sessions of a script of which there are so many, by pages of at most `cap()`. */
  const serve = (all: number, cap: () => number): Respond => {
    const sessions = ids(all).map((id) => ({ ...wireSession('a', 'job'), id }));
    return (call, response) => {
      if (!call.line.endsWith('/sessions')) return answerPlainly(call, response);
      const { from, limit } = JSON.parse(call.body) as { from: number; limit: number };
      return json(response, { success: true, sessions: sessions.slice(from, from + Math.min(limit, cap())) });
    };
  };
  const ids = (count: number) => Array.from({ length: count }, (_one, index) => `s${index}`);
  const page = (after: string | null = null) =>
    recorded.gateway.execute(WALK, { id: 'a', first: 100, after });
  const walkAll = async () => (await walk(recorded.gateway, { id: 'a', first: 100 })).met;

  it('does not end lists early from then on', async () => {
    recorded.respond = (call, response) => {
      if (!call.line.endsWith('/sessions')) return answerPlainly(call, response);
      const sessions = ids(150).map((id) => ({ ...wireSession('a', 'job'), id }));
      return json(response, { success: true, sessions });
    };
    expect((await page()).errors?.[0]?.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
    recorded.respond = serve(120, () => 40);
    expect(await walkAll()).toEqual(ids(120));
  });

  it('lets a shorter one be the last without a further call, for ten minutes', async () => {
    recorded.respond = serve(120, () => 100);
    expect(await walkAll()).toEqual(ids(120));
    const { data } = await page();
    const after = data?.script?.sessions?.pageInfo.endCursor;
    for (const [waitMs, calls] of [
      [9 * 60_000, 1],
      [2 * 60_000, 2],
    ] as const) {
      await clock.advance(waitMs);
      const before = recorded.recorder.lines().filter((line) => line.endsWith('/sessions')).length;
      const last = await page(after);
      expect(last.data?.script?.sessions?.pageInfo.hasNextPage).toBe(false);
      const lines = recorded.recorder.lines().filter((line) => line.endsWith('/sessions'));
      expect(lines.slice(before)).toHaveLength(calls);
    }
  });

  it('is forgotten ten minutes after it was the longest one, when the API has lowered its cap meanwhile', async () => {
    let cap = 100;
    recorded.respond = serve(120, () => cap);
    expect(await walkAll()).toEqual(ids(120));
    cap = 40;
    await clock.advance(10 * 60_000);
    expect(await walkAll()).toEqual(ids(120));
  });

  it.each([
    [700_000, /it holds more than 100000 values/],
    [35_000, /it has more sessions than were asked for/],
  ])('costs nothing when it has %i rows with nothing in them', async (rows, reason) => {
    recorded.respond = (call, response) =>
      call.line.endsWith('/sessions')
        ? void response.end(`{"success":true,"sessions":[${'{},'.repeat(rows - 1)}{}]}`)
        : answerPlainly(call, response);
    const { errors } = await page();
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(reason),
        path: ['script', 'sessions'],
      },
    ]);
  });
});

describe('from', () => {
  const page = (args: string) =>
    fixture.gateway.execute<{ script: { sessions: object | null } }, never>(
      `{ script(id: "${freeForAllScriptId}") { sessions(${args}) { nodes { id } pageInfo { hasPreviousPage endCursor } } } }`,
    );

  it("begins at the position of the API's list, and its cursors lead on", async () => {
    const { data: all } = await fixture.gateway.execute(WALK, { id: freeForAllScriptId, first: 10 });
    const ids = all?.script?.sessions?.nodes.map(({ id }) => id) ?? [];
    const before = listBodies().length;
    const { data } = await page('first: 2, from: 3');
    expect(listBodies().slice(before)).toEqual([{ from: 3, limit: 3 }]);
    const cursors = await fixture.gateway.execute(CURSORS, { id: freeForAllScriptId, first: 5 });
    expect(data?.script.sessions).toEqual({
      nodes: ids.slice(3, 5).map((id) => ({ id })),
      pageInfo: { hasPreviousPage: true, endCursor: cursors.data?.script?.sessions?.edges[4]?.cursor },
    });
  });

  it.each([
    ['from: 0', { from: 0, limit: 3 }, false],
    ['from: null', { from: 0, limit: 3 }, false],
    ['from: 2147483647', { from: 2_147_483_647, limit: 3 }, true],
  ])('%s is sent as it is', async (from, body, hasPreviousPage) => {
    const { data, errors } = await page(`first: 2, ${from}`);
    expect(errors).toBeUndefined();
    expect(data?.script.sessions).toMatchObject({ pageInfo: { hasPreviousPage } });
    expect(listBodies()[0]).toEqual(body);
  });

  it.each([
    ['from: -1', /^from: -1 is out of range. Give a whole number from 0 to 2147483647\.$/],
    ['from: 1, after: "x"', /^from: it was given together with after\./],
    ['filter: { jobId: "" }', /^filter\.jobId: it has 0 characters\. Give 1 to 512, or leave it out\.$/],
  ])('%s is refused at the field, before any call', async (args, message) => {
    const { data, errors } = await page(args);
    expect(data?.script.sessions).toBeNull();
    expect(errors).toEqual([expect.toBeError('BAD_USER_INPUT', { path: ['script', 'sessions'] })]);
    expect(errors?.[0]?.message).toMatch(message);
    expect(listBodies()).toEqual([]);
  });
});
