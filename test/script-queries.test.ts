import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { graphql } from './gql/index.ts';
import { openGateway, type TestGateway } from './support/gateway.ts';

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

const WHOLE_SCRIPT = graphql(/* GraphQL */ `
  query WholeScript($id: ID!) {
    script(id: $id) {
      id
      project {
        id
      }
      name
      freeForAll
      useHeartbeat
      kickOutdated
      requireSessions
      enabled
      totalExecutions
      totalSessions
      totalInstances
    }
  }
`);

describe('script', () => {
  it('answers every field of GET /scripts/:script_id with one call', async () => {
    const { data, errors } = await gateway.execute(WHOLE_SCRIPT, { id: seeded.scriptId });
    expect(errors).toBeUndefined();
    expect(data?.script).toMatchObject({
      id: seeded.scriptId,
      project: { id: seeded.projectId },
      totalExecutions: 3_412_998_117,
    });
    expect(sandbox.calls.map(({ method, path, text }) => ({ method, path, text }))).toEqual([
      { method: 'GET', path: `/scripts/${seeded.scriptId}`, text: '' },
    ]);
  });
});
