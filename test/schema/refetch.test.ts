import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true, gateway: { transport: { freshMs: 0 } } });

interface Answer {
  readonly fetch__Script?: object | null;
  readonly fetch__Session?: object | null;
}

const refetchScript = (variables: { id: string; first?: number }) =>
  fixture.gateway.execute<Answer, object>(
    'query ($id: ID!, $first: Int) { fetch__Script(id: $id) { id name sessions(first: $first) { nodes { id } } } }',
    variables,
  );

const refetchSession = (id: string) =>
  fixture.gateway.execute<Answer, object>('query ($id: ID!) { fetch__Session(id: $id) { id robloxId } }', {
    id,
  });

const { scriptId, sessionId } = seeded;

describe('what Relay reads again', () => {
  it('is a script by its own id, at the price of a script', async () => {
    const { data, errors } = await refetchScript({ id: scriptId, first: 1 });
    expect(errors).toBeUndefined();
    expect(data?.fetch__Script).toEqual({
      id: scriptId,
      name: 'Nightfall Hub',
      sessions: { nodes: [{ id: sessionId }] },
    });
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`, `POST /scripts/${scriptId}/sessions`]);
  });

  it('is a session by its own id, at the price of a session', async () => {
    const { data, errors } = await refetchSession(sessionId);
    expect(errors).toBeUndefined();
    expect(data?.fetch__Session).toEqual({ id: sessionId, robloxId: String(seeded.robloxId) });
    expect(fixture.lines()).toEqual([`GET /sessions/${sessionId}`]);
  });

  it('is refused without a call for a malformed id, and fails only at a page that cannot be read', async () => {
    const answers = [
      await refetchScript({ id: '..' }),
      await refetchScript({ id: scriptId, first: 101 }),
      await refetchSession('a/b'),
    ];
    expect(answers.map(({ errors }) => errors?.map((error) => [error.path, error.extensions.code]))).toEqual([
      [[['fetch__Script'], 'BAD_USER_INPUT']],
      [[['fetch__Script', 'sessions'], 'BAD_USER_INPUT']],
      [[['fetch__Session'], 'BAD_USER_INPUT']],
    ]);
    expect(answers[1]?.data).toMatchObject({ fetch__Script: { sessions: null } });
    expect(fixture.lines()).toEqual([`GET /scripts/${scriptId}`]);
  });

  it('is null, with an error at its field, when the caller may not read it', async () => {
    const { data, errors } = await refetchScript({ id: 'nobody' });
    expect(data).toEqual({ fetch__Script: null });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['fetch__Script'] })]);
  });
});
