import assert from 'node:assert/strict';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import { type Answer, ask, type Operation } from './ask.ts';
import { type Stack, startStack } from './stack.ts';

export const KEY = { token: 'sandbox-key' };

/** The whole stack over a sandbox, to ask the same through the supergraph and of the subgraphs themselves. */
export async function startBothWays() {
  const sandbox = await startSandbox({ rate: 0 });
  const stack = await startStack(sandbox.url);
  return {
    sandbox,
    stack,
    /** Method and path of what reached the REST API since the last time, in no particular order. */
    takeCalls: takeCallsOf(sandbox),
    supergraph: (operation: Operation, headers: Record<string, string> = KEY) =>
      ask(stack.urls.supergraph, operation, headers),
    luaauth: (operation: Operation, headers: Record<string, string> = KEY) =>
      ask(stack.urls.luaauth, operation, headers),
    shop: (operation: Operation) => ask(stack.urls.shop, operation),
    fromShop: (...representations: [typename: string, id: string][]) => askShop(stack, representations),
    async stop() {
      await stack.stop();
      await sandbox.close();
    },
  };
}

/** The answer without what differs between the two ways: routers add where an error came from. */
export function comparable({ data, errors = [] }: Answer) {
  return {
    data,
    errors: errors.map(({ message, path, extensions: { serviceName: _, ...extensions } = {} }) => ({
      message,
      path,
      extensions,
    })),
  };
}

function takeCallsOf(sandbox: Sandbox) {
  let taken = 0;
  return () => {
    const calls = sandbox.calls.slice(taken).map(({ method, path }) => `${method} ${path}`);
    taken = sandbox.calls.length;
    return calls.sort();
  };
}

/** The shop's fields of scripts and projects. */
async function askShop(stack: Stack, given: readonly [typename: string, id: string][]) {
  const representations = given.map(([__typename, id]) => ({ __typename, id }));
  const query = `query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on Script { price { cents currency } owner { name } }
      ... on Project { displayName }
    }
  }`;
  const { data, errors } = await ask(stack.urls.shop, { query, variables: { representations } });
  assert.equal(errors, undefined);
  return data?._entities as Record<string, unknown>[];
}
