import { describe, expect, it } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import { graphql } from './gql/index.ts';
import { useSandbox } from './support/fixture.ts';

const fixture = useSandbox({ shared: true, gateway: { transport: { freshMs: 0 } } });

const REFETCH_SCRIPT = graphql(/* GraphQL */ `
  query RefetchScript($id: ID!, $first: Int) {
    fetch__Script(id: $id) {
      id
      name
      sessions(first: $first) {
        nodes {
          id
        }
      }
    }
  }
`);

const REFETCH_SESSION = graphql(/* GraphQL */ `
  query RefetchSession($id: ID!) {
    fetch__Session(id: $id) {
      id
      robloxId
    }
  }
`);

const { scriptId, sessionId } = seeded;

describe('what Relay reads again', () => {
  it('is a script by its own id, at the price of a script', async () => {
    const { data, errors } = await fixture.gateway.execute(REFETCH_SCRIPT, { id: scriptId, first: 1 });
    expect(errors).toBeUndefined();
    expect(data?.fetch__Script).toEqual({
      id: scriptId,
      name: 'Nightfall Hub',
      sessions: { nodes: [{ id: sessionId }] },
    });
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`, `POST /scripts/${scriptId}/sessions`]);
  });

  it('is a session by its own id, at the price of a session', async () => {
    const { data, errors } = await fixture.gateway.execute(REFETCH_SESSION, { id: sessionId });
    expect(errors).toBeUndefined();
    expect(data?.fetch__Session).toEqual({ id: sessionId, robloxId: String(seeded.robloxId) });
    expect(fixture.lines()).toEqual([`GET /sessions/${sessionId}`]);
  });

  it('is refused without a call when the id is none, or when a page is bound to fail', async () => {
    const answers = [
      await fixture.gateway.execute(REFETCH_SCRIPT, { id: '..' }),
      await fixture.gateway.execute(REFETCH_SCRIPT, { id: scriptId, first: 101 }),
      await fixture.gateway.execute(REFETCH_SESSION, { id: 'a/b' }),
    ];
    expect(answers.map(({ errors }) => errors?.map((error) => [error.path, error.extensions.code]))).toEqual([
      [[['fetch__Script'], 'BAD_USER_INPUT']],
      [[['fetch__Script', 'sessions'], 'BAD_USER_INPUT']],
      [[['fetch__Session'], 'BAD_USER_INPUT']],
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('is null, with an error at its field, when the caller may not read it', async () => {
    const { data, errors } = await fixture.gateway.execute(REFETCH_SCRIPT, { id: 'nobody' });
    expect(data).toEqual({ fetch__Script: null });
    expect(errors).toMatchObject([{ path: ['fetch__Script'], extensions: { code: 'FORBIDDEN' } }]);
  });
});
