import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { type FetchNode, type PlanNode, QueryPlanner, type SubscriptionNode } from '@apollo/query-planner';
import { parse } from 'graphql';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { compose } from '../compose.ts';
import { ask, dataOf } from './support/ask.ts';
import { type Stack, startStack } from './support/stack.ts';
import { subscribe } from './support/subscribe.ts';
import { expectedScript, SUBSCRIPTION } from './support/subscription.ts';

let stack: Stack;
before(async () => {
  // Its own sandbox, where guests come and go.
  stack = await startStack('');
});
after(() => stack.stop());

/** The routers' plan for the subscription: the operation that luaauth is sent, and what each event leads to. */
function planned() {
  const supergraph = Supergraph.build(compose());
  const operation = operationFromDocument(supergraph.apiSchema(), parse(SUBSCRIPTION));
  const { node } = new QueryPlanner(supergraph).buildQueryPlan(operation);
  assert.equal(node?.kind, 'Subscription');
  const { primary, rest } = node as SubscriptionNode;
  return { primary, rest: fetchesOf(rest) };
}

function fetchesOf(node: PlanNode | undefined): FetchNode[] {
  switch (node?.kind) {
    case undefined:
      return [];
    case 'Fetch':
      return [node];
    case 'Flatten':
      return fetchesOf(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesOf);
    default:
      throw new Error(`A plan with ${node?.kind}.`);
  }
}

test('a subscription with fields of the shop begins at luaauth, and asks the shop alone for each event', () => {
  const { primary, rest } = planned();
  assert.equal(primary.serviceName, 'luaauth');
  assert.doesNotMatch(primary.operation, /price|owner/);
  assert.ok(rest.length > 0);
  for (const { serviceName, operation } of rest) {
    assert.equal(serviceName, 'shop');
    assert.match(operation, /_entities.*price/s);
  }
});

test('what luaauth is sent costs one REST call', async () => {
  const response = await fetch(stack.urls.luaauth, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token: 'sandbox-key', 'x-upstream': 'plan' },
    body: JSON.stringify({ query: planned().primary.operation }),
  });
  const { extensions } = (await response.json()) as {
    extensions: { upstream: { price: number; plan: unknown } };
  };
  const { price, plan } = extensions.upstream;
  assert.deepEqual(
    { price, plan },
    { price: 1, plan: [{ endpoint: 'POST /scripts/:script_id/sessions', calls: 1 }] },
  );
});

interface Visits {
  readonly scriptSessions: Record<
    'sessions' | 'appeared',
    readonly { readonly script: { readonly __typename: string; readonly id: string } }[] | undefined
  >;
}

test('a snapshot and a change have the keys with which the shop knows the price', async () => {
  const { primary, rest } = planned();
  const asked = new Set<string>();
  for await (const result of subscribe<Visits>(stack.urls.luaauth, primary.operation, {
    token: 'sandbox-key',
  })) {
    assert.equal(result.errors, undefined);
    for (const list of ['sessions', 'appeared'] as const) {
      const [visit] = result.data?.scriptSessions[list] ?? [];
      if (!visit || asked.has(list)) continue;
      asked.add(list);
      assert.equal(visit.script.id, seeded.visitedScriptId);
      const [fetchNode] = rest;
      assert.ok(fetchNode);
      const variables = { representations: [visit.script] };
      const answer = await ask(stack.urls.shop, { query: fetchNode.operation, variables });
      assert.deepEqual(dataOf<{ _entities: unknown }>(answer)._entities, [expectedScript()]);
    }
    if (asked.size === 2) return;
  }
  assert.fail('The stream ended before anybody came.');
});
