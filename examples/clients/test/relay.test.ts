import { describe, expect, it } from 'vitest';
import { createRelayEnvironment } from '../src/relay/environment.ts';
import { loadCard, loadMore, readCard, toggle } from '../src/relay/script-card.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id, sessionId } = seeded;
const open = (key: string = sandboxKeys.full) => createRelayEnvironment(fixture.url, key);

describe('Relay', () => {
  it('reads a fragment of a script', async () => {
    const environment = open();
    const card = readCard(environment, await loadCard(environment, id));
    expect(card).toMatchObject({ id, name: 'Nightfall Hub', enabled: true });
    expect(card.sessions?.edges.map(({ node }) => node.id)).toEqual([sessionId, expect.any(String)]);
  });

  it('refetches a fragment by the id of its script: the connection grows by the next page', async () => {
    const environment = open();
    const key = await loadCard(environment, id);
    await loadMore(environment, key);
    await loadMore(environment, key);
    const { sessions } = readCard(environment, key);
    expect(new Set(sessions?.edges.map(({ node }) => node.id)).size).toBe(6);
    expect(sessions?.pageInfo.hasNextPage).toBe(true);
    expect(fixture.lines().filter((line) => line === `GET /scripts/${id}`)).toHaveLength(3);
  });

  it('keeps a script and a session apart that have the same id', async () => {
    const session = fixture.sandbox.sessions.get(sessionId);
    if (!session) throw new Error('The seed has changed.');
    fixture.sandbox.sessions.delete(sessionId);
    fixture.sandbox.sessions.set(id, { ...session, id });
    const environment = open();
    const card = readCard(environment, await loadCard(environment, id));
    expect(card.name).toBe('Nightfall Hub');
    expect(environment.getStore().getSource().getRecordIDs()).toContain(`Script:${id}`);
  });

  it('brings the store up to date after a mutation', async () => {
    const environment = open();
    const key = await loadCard(environment, id);
    const { toggleScript } = await toggle(environment, id, false);
    expect(toggleScript.__typename).toBe('ToggleScriptSuccess');
    expect(readCard(environment, key).enabled).toBe(false);
  });

  it('has a refusal as data, and throws what stands in errors', async () => {
    const { toggleScript } = await toggle(open(), 'nobody', false);
    expect(toggleScript).toMatchObject({
      __typename: 'NotPermitted',
      message: expect.stringContaining('unauth'),
    });
    const problems: string[] = [];
    const keyless = createRelayEnvironment(fixture.url, '', (problem) => problems.push(problem));
    await expect(loadCard(keyless, id)).rejects.toThrow('Relay: Unexpected response payload');
    expect(problems).toEqual([expect.stringMatching(/^The API key is malformed/)]);
  });
});
