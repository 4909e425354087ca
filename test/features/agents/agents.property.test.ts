import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../../src/features/schema.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';
import { operations } from '../../support/random/documents.ts';
import { propertyRuns, propertySeed } from '../../support/random/property-runs.ts';
import { writeDocument } from '../../support/random/write-document.ts';

const LISTED = ['scripts:read', 'projects:read', 'sessions:read', 'sessions:write'];
/** A key for everything, one that only reads, and two that reach one script or project. */
const KEYS = [
  { name: 'bot' },
  { name: 'reader', scopes: ['scripts:read', 'projects:read', 'users:read', 'sessions:read'] },
  { name: 'elsewhere', scopes: LISTED, scripts: [seeded.freeForAllScriptId] },
  { name: 'nowhere', scopes: LISTED, projects: ['65e0a1b2c3d4e5f600000002'] },
];

const fixture = useSandbox({
  sandbox: { maxLimit: 2 },
  gateway: {
    credentials: { heldKey: 'sandbox-key', keyRing: ringOf(KEYS) },
    transport: { freshMs: 0 },
    ...forAgents(new Map()),
  },
  shared: true,
});
/** The tool that a document makes for a key; undefined: it makes none. */
async function toolOf(document: string, key = 'bot') {
  try {
    fixture.gateway.replaceDocuments(new Map([['one', document]]));
  } catch {
    return undefined;
  }
  const { result } = await sendMessage(fixture.gateway.url, key, 'tools/list');
  return result?.tools?.[0];
}

const mostOf = ({ description }: { readonly description: string }) =>
  Number(/at most (\d+) REST calls?\b/.exec(description)?.[1]);

interface Answered {
  readonly data?: unknown;
  readonly errors?: readonly { readonly path?: readonly unknown[] }[] | undefined;
}

/** Fields fail in the order in which the API answers, and calls go side by side. */
const inOrder = ({ data, errors = [] }: Answered) => ({
  data,
  errors: errors.map((error) => JSON.stringify(error)).sort(),
  calls: fixture.sandbox.calls.map(({ method, path, text }) => `${method} ${path} ${text}`).sort(),
});

const LIMIT = 250;
const numRuns = propertyRuns(120);

it('any operation is answered to any key as at /graphql, with the same calls, and costs no more than its listing says', {
  timeout: 30_000 + numRuns * 600,
}, async () => {
  let compared = 0;
  let forbidden = 0;
  const keys = fc.constantFrom(...KEYS.map(({ name }) => name));
  const property = fc.asyncProperty(operations(createSchema(), 5), keys, async (operation, key) => {
    const { document, variables } = writeDocument(operation);
    // A text of its length is cut for an agent; the other is the time itself.
    if (/sdl|resetAt/.test(document)) return;
    const anyTool = await toolOf(document);
    if (!anyTool) return;
    const tool = await toolOf(document, key);
    if (!tool) {
      fixture.sandbox.reset();
      const { errors } = await fixture.gateway.execute(document, variables, bearer(key));
      expect(errors?.[0]?.extensions.code, document).toBe('FORBIDDEN');
      const params = { name: anyTool.name, arguments: variables };
      const { error } = await sendMessage(fixture.gateway.url, key, 'tools/call', params);
      expect(error?.message, document).toContain(`There is no tool "${anyTool.name}"`);
      expect(fixture.lines()).toEqual([]);
      forbidden += 1;
      return;
    }
    const planned = await fixture.gateway.execute(document, variables, {
      ...bearer(key),
      'x-upstream': 'plan',
    });
    const { price } = (planned.extensions?.upstream ?? {}) as { readonly price?: number };
    // An operation that costs more than the limit does not run.
    if (price !== undefined && price > LIMIT) expect(mostOf(tool), document).toBe(LIMIT);
    else if (price !== undefined) expect(price, document).toBeLessThanOrEqual(mostOf(tool));
    fixture.sandbox.reset();
    const there = inOrder(await fixture.gateway.execute(document, variables, bearer(key)));
    fixture.sandbox.reset();
    const params = { name: tool.name, arguments: variables };
    const { result } = await sendMessage(fixture.gateway.url, key, 'tools/call', params);
    expect(inOrder(result?.structuredContent ?? {}), document).toEqual(there);
    compared += 1;
  });
  await fc.assert(property, { seed: propertySeed(7), numRuns });
  expect(compared).toBeGreaterThan(numRuns / 4);
  expect(forbidden).toBeGreaterThan(0);
});

it.each<[document: string, most: number]>([
  ['query t($a: ID!, $b: ID!) { scripts(ids: [$a, $b]) { name } }', 2],
  ['query t($first: Int) { script(id: "a") { sessions(first: $first) { nodes { script { name } } } } }', 102],
  [
    'query t($first: Int = 3) { script(id: "a") { sessions(first: 2, after: "x") { nodes { user { note } } } a: sessions(first: $first) { nodes { user { note } } } } }',
    105,
  ],
  [
    'query t($filter: SessionFilter) { script(id: "a") { sessions(first: 1, filter: $filter) { pageInfo { hasNextPage } } } }',
    3,
  ],
  [
    'query t($x: Boolean!, $y: Boolean!) { script(id: "a") { name @skip(if: $x) } b: script(id: "b") { name @include(if: $y) } }',
    2,
  ],
  [
    'query t($ids: [ID!]!, $x: Boolean!) { projects(ids: $ids) { id adSystems @include(if: $x) { id } } }',
    LIMIT,
  ],
  ['query t($id: ID!) { usersByDiscordId(discordId: $id) { key } }', 100],
  ['query t { usersByDiscordId(discordId: 1) { key } }', 100],
  ['query t($r: [_Any!]!) { _entities(representations: $r) { ... on Script { name } } }', LIMIT],
])('%s costs at most %i', async (document, most) => {
  expect(mostOf((await toolOf(document)) ?? { description: '' })).toBe(most);
});
