import { expect, it, vi } from 'vitest';
import { createGraphcacheUrql, createPersistedUrql, createUrql, SCRIPT, TOGGLE } from '../src/urql.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id } = seeded;
const READ = `GET /scripts/${id}`;

it('urql reads a script once, and again after a mutation that changed it', async () => {
  const client = createUrql(fixture.url, sandboxKeys.full);
  const seen: (boolean | undefined)[] = [];
  const { unsubscribe } = client
    .query(SCRIPT, { id })
    .subscribe(({ data }) => seen.push(data?.script?.enabled));
  await expect.poll(() => seen).toEqual([true]);
  await client.query(SCRIPT, { id }).toPromise();
  expect(fixture.lines()).toEqual([READ]);
  const { data } = await client.mutation(TOGGLE, { input: { id, enabled: false } }).toPromise();
  expect(data?.toggleScript).toMatchObject({
    __typename: 'ToggleScriptSuccess',
    script: { id, enabled: false },
  });
  await expect.poll(() => seen.at(-1)).toBe(false);
  unsubscribe();
});

it('urql has the error and the data that there is', async () => {
  const { data, error } = await createUrql(fixture.url, 'not a key').query(SCRIPT, { id }).toPromise();
  expect(data).toEqual({ script: null });
  expect(error?.graphQLErrors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
  expect(error?.networkError).toBeUndefined();
});

it('urql sends a hash by GET, registers the document once, and mutations go by POST', async () => {
  const ask = () => createPersistedUrql(fixture.url, sandboxKeys.full).query(SCRIPT, { id }).toPromise();
  for (let time = 0; time < 2; time += 1) {
    const { data, error } = await ask();
    expect(error).toBeUndefined();
    expect(data?.script?.name).toBe('Nightfall Hub');
  }
  expect(fixture.lines()).toEqual([READ, READ]);
  const { data } = await createPersistedUrql(fixture.url, sandboxKeys.full)
    .mutation(TOGGLE, { input: { id, enabled: false } })
    .toPromise();
  expect(data?.toggleScript.__typename).toBe('ToggleScriptSuccess');
});

it("urql's Graphcache knows the types of a refusal, and does not guess", async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const { data } = await createGraphcacheUrql(fixture.url, sandboxKeys.full)
    .mutation(TOGGLE, { input: { id: 'nobody', enabled: true } })
    .toPromise();
  expect(data?.toggleScript).toMatchObject({
    __typename: 'NotPermitted',
    message: 'unauthorized or invalid request',
  });
  expect(warn.mock.calls.flat().filter((text) => /heuristic/i.test(String(text)))).toEqual([]);
});
