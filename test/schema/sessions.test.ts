import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });

const { scriptId, sessionId } = seeded;

const SESSION_PAGE = graphql(`
  query SessionPage($id: ID!, $first: Int, $after: String, $filter: SessionFilter) {
    script(id: $id) {
      sessions(first: $first, after: $after, filter: $filter) {
        edges {
          cursor
          node {
            id
          }
        }
        nodes {
          id
          userKey
          robloxId
          placeId
          jobId
        }
        pageInfo {
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`);

const DEFAULT_PAGE = graphql(`
  query DefaultPage($id: ID!) {
    script(id: $id) {
      sessions {
        nodes {
          id
        }
      }
    }
  }
`);

/** The calls of the list endpoints, in order. */
const listCalls = () =>
  fixture.sandbox.calls
    .filter(({ path }) => path.includes('/sessions'))
    .map(({ method, path, text }) => ({ method, path, text }));

const sessionsOf = (script: string) =>
  [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === script);

describe('sessions of a script', () => {
  it('come from POST /scripts/:script_id/sessions, one row more than the page has', async () => {
    const { data, errors } = await fixture.gateway.execute(SESSION_PAGE, { id: scriptId, first: 3 });
    expect(errors).toBeUndefined();
    const rows = sessionsOf(scriptId).slice(0, 3);
    const sessions = data?.script?.sessions;
    expect(sessions?.nodes).toEqual(
      rows.map(({ id, user_key, roblox_id, place_id, job_id }) => ({
        id,
        userKey: user_key,
        robloxId: String(roblox_id),
        placeId: String(place_id),
        jobId: job_id,
      })),
    );
    expect(sessions?.edges.map(({ node }) => node.id)).toEqual(rows.map(({ id }) => id));
    expect(sessions?.pageInfo).toEqual({
      hasPreviousPage: false,
      startCursor: sessions?.edges[0]?.cursor,
      endCursor: sessions?.edges[2]?.cursor,
    });
    expect(listCalls()).toEqual([
      { method: 'POST', path: `/scripts/${scriptId}/sessions`, text: '{"from":0,"limit":4}' },
    ]);
  });

  it('are 50 unless said otherwise, and null says nothing', async () => {
    const { data } = await fixture.gateway.execute(DEFAULT_PAGE, { id: scriptId });
    expect(data?.script?.sessions?.nodes).toHaveLength(50);
    const { data: same } = await fixture.gateway.execute(SESSION_PAGE, { id: scriptId, first: null });
    expect(same?.script?.sessions?.nodes).toHaveLength(50);
    expect(listCalls().map(({ text }) => text)).toEqual(['{"from":0,"limit":51}', '{"from":0,"limit":51}']);
  });
});

describe('sessions with a filter', () => {
  it('come from GET /scripts/:script_id/sessions/filter, with all that must match', async () => {
    const filter = {
      userKey: seeded.userKey,
      robloxId: String(seeded.robloxId),
      placeId: String(seeded.placeId),
      jobId: seeded.jobId,
    };
    const { data, errors } = await fixture.gateway.execute(SESSION_PAGE, { id: scriptId, first: 10, filter });
    expect(errors).toBeUndefined();
    expect(data?.script?.sessions?.nodes).toEqual([{ id: sessionId, ...filter }]);
    const [call] = listCalls();
    const url = new URL(call?.path ?? '', fixture.sandbox.url);
    expect({ method: call?.method, path: url.pathname, text: call?.text }).toEqual({
      method: 'GET',
      path: `/scripts/${scriptId}/sessions/filter`,
      text: '',
    });
    expect([...url.searchParams]).toEqual([
      ['from', '0'],
      ['limit', '11'],
      ['key', seeded.userKey],
      ['roblox_id', '10234711811'],
      ['place_id', '606849621'],
      ['job_id', seeded.jobId],
    ]);
  });

  it.each([null, {}, { userKey: null }, { userKey: null, robloxId: null, placeId: null, jobId: null }])(
    'are all sessions when nothing is in it: %j',
    async (filter) => {
      const { data } = await fixture.gateway.execute(SESSION_PAGE, { id: scriptId, first: 2, filter });
      expect(data?.script?.sessions?.nodes).toHaveLength(2);
      expect(listCalls()).toEqual([
        { method: 'POST', path: `/scripts/${scriptId}/sessions`, text: '{"from":0,"limit":3}' },
      ]);
    },
  );

  it('pass on what LuaAuth says of a value that it does not take', async () => {
    const { data, errors } = await fixture.gateway.execute(SESSION_PAGE, {
      id: scriptId,
      filter: { robloxId: 'not-a-number' },
    });
    expect(data).toEqual({ script: { sessions: null } });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', {
        path: ['script', 'sessions'],
        fields: [{ field: 'roblox_id', messages: ['must be a number'] }],
      }),
    ]);
  });
});
