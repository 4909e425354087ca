import { ClientError } from 'graphql-request';
import { expect, it } from 'vitest';
import { createRequestClient, EDIT, SCRIPTS } from '../src/graphql-request.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id, idleScriptId } = seeded;

it('graphql-request reads several scripts', async () => {
  const { scripts } = await createRequestClient(fixture.url, sandboxKeys.full).request(SCRIPTS, {
    ids: [id, idleScriptId],
  });
  expect(scripts).toEqual([
    { id, name: 'Nightfall Hub', totalExecutions: 3_412_998_117 },
    { id: idleScriptId, name: 'New Script', totalExecutions: 0 },
  ]);
});

it('graphql-request gets a refusal as data of its own type', async () => {
  const edit = (key: string) =>
    createRequestClient(fixture.url, key).request(EDIT, { input: { id, freeForAll: true } });
  expect((await edit(sandboxKeys.basic)).editScript).toEqual({
    __typename: 'TierTooLow',
    message: 'tier does not allow ffa mode',
  });
  expect((await edit(sandboxKeys.full)).editScript).toEqual({
    __typename: 'EditScriptSuccess',
    script: { name: 'Nightfall Hub', freeForAll: true },
  });
});

it('graphql-request throws for one script that is not there, and has the others all the same', async () => {
  const failed = createRequestClient(fixture.url, sandboxKeys.full).request(SCRIPTS, { ids: [id, 'nobody'] });
  const error = await failed.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ClientError);
  const { response } = error as ClientError;
  expect(response.errors).toMatchObject([{ path: ['scripts', 1], extensions: { code: 'FORBIDDEN' } }]);
  expect(response.data).toMatchObject({ scripts: [{ name: 'Nightfall Hub' }, null] });
});
