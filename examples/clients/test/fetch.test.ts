import { expect, it } from 'vitest';
import { ask } from '../src/fetch.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id } = seeded;
const NAME = 'query Name($id: ID!) { script(id: $id) { name } }';

it('fetch reads a script', async () => {
  expect(await ask(fixture.url, sandboxKeys.full, NAME, { id })).toEqual({
    data: { script: { name: 'Nightfall Hub' } },
  });
  expect(fixture.lines()).toEqual([`GET /scripts/${id}`]);
});

it('fetch sees the missing key at the field that needs a key', async () => {
  const { data, errors } = await ask<{ script: null }>(fixture.url, '', NAME, { id });
  expect(data).toEqual({ script: null });
  expect(errors).toMatchObject([{ path: ['script'], extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(fixture.lines()).toEqual([]);
});
