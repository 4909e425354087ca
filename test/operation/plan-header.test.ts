import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const PLAN = { token: 'sandbox-key', 'x-upstream': 'plan' };

const fixture = useSandbox({ shared: true });

describe('x-upstream: plan', () => {
  it('answers with the price and the endpoints of a query, and nothing runs', async () => {
    const { status, data, errors, extensions } = await fixture.gateway.execute(
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
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each(['plan', 'Plan'])('plans a mutation without carrying it out: %s', async (mode) => {
    const { data, extensions } = await fixture.gateway.execute(
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
    expect(fixture.sandbox.calls).toEqual([]);
    expect(fixture.sandbox.scripts.has(seeded.scriptId)).toBe(true);
  });

  it('plans what is too expensive to run', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `script-${index}`);
    const document = `query ($ids: [ID!]!) { scripts(ids: $ids) { name } }`;
    const planned = await fixture.gateway.execute(document, { ids }, PLAN);
    expect(planned.errors).toBeUndefined();
    expect(planned.extensions).toMatchObject({ upstream: { price: 300, limit: 250 } });
    const refused = await fixture.gateway.execute(document, { ids });
    expect(refused.errors?.[0]?.extensions.code).toBe('OPERATION_TOO_EXPENSIVE');
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('needs no API key, since nothing is asked', async () => {
    const { errors, extensions } = await fixture.gateway.execute(
      `{ script(id: "a") { name } }`,
      {},
      { 'x-upstream': 'plan' },
    );
    expect(errors).toBeUndefined();
    expect(extensions).toMatchObject({ upstream: { price: 1 } });
  });
});
