import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSchema } from '../../../src/features/schema.ts';
import { differenceFrom, forAgents, sendMessage } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';
import { operations } from '../../support/random/documents.ts';
import { propertyRuns, propertySeed } from '../../support/random/property-runs.ts';
import { writeDocument } from '../../support/random/write-document.ts';

const fixture = useSandbox({
  sandbox: { maxLimit: 2 },
  gateway: {
    credentials: { heldKey: 'sandbox-key', keyRing: ringOf([{ name: 'bot' }]) },
    transport: { freshMs: 0 },
    ...forAgents(new Map()),
  },
  shared: true,
});
/** The tool that a document makes; undefined: it makes none. */
async function toolOf(document: string) {
  try {
    fixture.gateway.replaceDocuments(new Map([['one', document]]));
  } catch {
    return undefined;
  }
  const { result } = await sendMessage(fixture.gateway.url, 'bot', 'tools/list');
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

it('any operation is answered as at /graphql, with the same calls, and costs no more than its listing says', {
  timeout: 30_000 + numRuns * 600,
}, async () => {
  let compared = 0;
  const property = fc.asyncProperty(operations(createSchema(), 5), async (operation) => {
    const { document, variables } = writeDocument(operation);
    // A text of its length is cut for an agent; the other is the time itself.
    if (/sdl|resetAt/.test(document)) return;
    const tool = await toolOf(document);
    if (!tool) return;
    const planned = await fixture.gateway.execute(document, variables, {
      ...bearer('bot'),
      'x-upstream': 'plan',
    });
    const { price } = (planned.extensions?.upstream ?? {}) as { readonly price?: number };
    // An operation that costs more than the limit does not run.
    if (price !== undefined && price > LIMIT) expect(mostOf(tool), document).toBe(LIMIT);
    else if (price !== undefined) expect(price, document).toBeLessThanOrEqual(mostOf(tool));
    fixture.sandbox.reset();
    const there = inOrder(await fixture.gateway.execute(document, variables, bearer('bot')));
    fixture.sandbox.reset();
    const params = { name: tool.name, arguments: variables };
    const { result } = await sendMessage(fixture.gateway.url, 'bot', 'tools/call', params);
    expect(inOrder(result?.structuredContent ?? {}), document).toEqual(there);
    expect(differenceFrom(tool.outputSchema, result?.structuredContent), document).toBeUndefined();
    compared += 1;
  });
  await fc.assert(property, { seed: propertySeed(7), numRuns });
  expect(compared).toBeGreaterThan(numRuns / 4);
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
