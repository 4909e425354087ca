import { expect, it } from 'vitest';
import { createTypedClient, SCRIPT } from '../src/typed/client.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id } = seeded;

it('a client typed by graphql-codegen reads a script and its executions', async () => {
  const { data, errors } = await createTypedClient(fixture.url, sandboxKeys.full)(SCRIPT, { id });
  expect(errors).toBeUndefined();
  const { name, executions } = data?.script ?? {};
  expect(name).toBe('Nightfall Hub');
  expect(executions?.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0);
  expect(fixture.lines().sort()).toEqual([`GET /scripts/${id}`, `GET /scripts/${id}/executions`]);
});

it('a client typed by graphql-codegen has errors by their code', async () => {
  const { data, errors } = await createTypedClient(fixture.url, 'nobody')(SCRIPT, { id });
  expect(data).toEqual({ script: null });
  expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
});
