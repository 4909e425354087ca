import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { openGateway, type TestGateway } from '../support/gateway.ts';

const PLAN = { token: 'sandbox-key', 'x-upstream': 'plan' };

let sandbox: Sandbox;
let gateway: TestGateway;

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  gateway = await openGateway({ upstream: sandbox.url });
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  await gateway.close();
  await sandbox.close();
});

describe('x-upstream: plan', () => {
  it('answers with the price and the endpoints of a query, and nothing runs', async () => {
    const { status, data, errors, extensions } = await gateway.execute(
      `query ($ids: [ID!]!) { scripts(ids: $ids) { name sessions(first: 10) { nodes { script { name } } pageInfo { hasNextPage } } } }`,
      { ids: ['a', 'b'] },
      PLAN,
    );
    expect({ status, data, errors }).toEqual({ status: 200, data: null, errors: undefined });
    expect(extensions).toEqual({
      upstream: {
        price: 26,
        limit: 250,
        // Two scripts with a connection, its page info and ten sessions, each with its script.
        objects: 2 * (3 + 2 * 10),
        objectsLimit: 20_000,
        plan: [
          { endpoint: 'GET /scripts/:script_id', calls: 22 },
          { endpoint: 'POST /scripts/:script_id/sessions', calls: 4 },
        ],
      },
    });
    expect(sandbox.calls).toEqual([]);
  });

  it.each(['plan', 'Plan'])('plans a mutation without carrying it out: %s', async (mode) => {
    const { data, extensions } = await gateway.execute(
      `mutation ($id: ID!) { deleteScript(input: { id: $id }) { __typename } }`,
      { id: seeded.scriptId },
      { ...PLAN, 'x-upstream': mode },
    );
    expect(data).toBeNull();
    expect(extensions).toEqual({
      upstream: {
        price: 1,
        limit: 250,
        objects: 1,
        objectsLimit: 20_000,
        plan: [{ endpoint: 'POST /scripts/:script_id/remove', calls: 1 }],
      },
    });
    expect(sandbox.calls).toEqual([]);
    expect(sandbox.scripts.has(seeded.scriptId)).toBe(true);
  });

  it('plans what is too expensive to run', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `script-${index}`);
    const document = `query ($ids: [ID!]!) { scripts(ids: $ids) { name } }`;
    const planned = await gateway.execute(document, { ids }, PLAN);
    expect(planned.errors).toBeUndefined();
    expect(planned.extensions).toMatchObject({ upstream: { price: 300, limit: 250 } });
    const refused = await gateway.execute(document, { ids });
    expect(refused.errors?.[0]?.extensions.code).toBe('OPERATION_TOO_EXPENSIVE');
    expect(sandbox.calls).toEqual([]);
  });

  it('needs no API key, since nothing is asked', async () => {
    const { errors, extensions } = await gateway.execute(
      `{ script(id: "a") { name } }`,
      {},
      { 'x-upstream': 'plan' },
    );
    expect(errors).toBeUndefined();
    expect(extensions).toMatchObject({ upstream: { price: 1 } });
  });
});
