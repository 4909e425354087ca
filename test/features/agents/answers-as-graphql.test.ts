import { expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { connectAgent, EXAMPLE, forAgents } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const documents = new Map([
  ...EXAMPLE,
  ['scripts', 'query scripts($ids: [ID!]!) { scripts(ids: $ids) { id name } }'],
  ['project', 'query project($id: ID!) { project(id: $id) { name scripts { id } } }'],
]);
const LISTED = ['scripts:read', 'projects:read', 'sessions:read', 'sessions:write'];
const keyRing = ringOf([
  { name: 'all' },
  { name: 'reader', scopes: ['scripts:read', 'projects:read', 'users:read', 'sessions:read'] },
  { name: 'elsewhere', scopes: LISTED, scripts: [seeded.idleScriptId] },
  { name: 'nowhere', scopes: LISTED, projects: ['65e0a1b2c3d4e5f600000002'] },
]);
const credentials = { heldKey: 'sandbox-key', keyRing };
const fixture = useSandbox({ shared: true, gateway: { credentials, ...forAgents(documents) } });

const { scriptId, userKey, sessionId, projectId } = seeded;
const CALLS: readonly [name: string, variables: Record<string, unknown>][] = [
  ['lookUpKey', { key: userKey }],
  ['lookUpKey', { key: '../..' }],
  ['whyKeyCannotRun', { key: userKey, scriptId }],
  ['whyKeyCannotRun', { key: userKey }],
  ['whoIsOn', { scriptId, first: 2 }],
  ['whoIsOn', { scriptId, first: 101 }],
  ['executionsOfAWeek', { scriptId }],
  ['executionsOfAWeek', { scriptId: 'nope' }],
  ['scripts', { ids: [scriptId, seeded.idleScriptId, 'nope'] }],
  ['scripts', { ids: Array.from({ length: 251 }, (_, index) => `${index}`) }],
  ['project', { id: projectId }],
  ['blacklistUser', { key: userKey, reason: 'shared' }],
  ['unblacklistUser', { key: userKey }],
  ['disconnectSession', { id: sessionId }],
];

it.each(['all', 'reader', 'elsewhere', 'nowhere'])(
  'a key that reaches %s is answered as at /graphql, and makes the same calls',
  async (key) => {
    const client = await connectAgent(fixture.gateway.url, key);
    const seen = (await client.listTools()).tools.map(({ name }) => name);
    for (const [name, variables] of CALLS) {
      fixture.sandbox.reset();
      const there = await fixture.gateway.execute(documents.get(name) ?? '', variables, bearer(key));
      const calls = fixture.lines();
      fixture.sandbox.reset();
      const call = client.callTool({ name, arguments: variables });
      if (!seen.includes(name)) {
        expect([name, there.errors]).toMatchObject([name, [expect.toBeError('FORBIDDEN')]]);
        await expect(call).rejects.toThrow(`There is no tool "${name}"`);
      } else {
        const { data, errors } = (await call).structuredContent as Partial<typeof there>;
        expect([name, data, errors]).toEqual([name, there.data, there.errors]);
      }
      expect([name, fixture.lines()]).toEqual([name, calls]);
    }
  },
);
