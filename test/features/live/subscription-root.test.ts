import { expect, it } from 'vitest';
import { jsonPost } from '../../support/clients/json-post.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const fixture = useSandbox();
const STREAM = { token: 'sandbox-key', accept: 'text/event-stream' };
const FIELD = 'scriptSessions(scriptId: "a")';
const BELOW = '{ __typename }';

async function errorsOf(query: string, variables: object) {
  const response = await fetch(`${fixture.gateway.url}/graphql`, jsonPost({ query, variables }, STREAM));
  const [, data = ''] = /^data: (.+)$/m.exec(await response.text()) ?? [];
  return JSON.parse(data).errors;
}

it.each<[query: string, variables?: object]>([
  [`subscription { ${FIELD} @skip(if: true) ${BELOW} }`],
  [`subscription { ${FIELD} @include(if: true) ${BELOW} }`],
  [`subscription ($yes: Boolean!) { ${FIELD} @skip(if: $yes) ${BELOW} }`, { yes: true }],
  [`subscription { ... @include(if: false) { ${FIELD} ${BELOW} } }`],
  [
    `subscription { ...A } fragment A on Subscription { ...B } fragment B on Subscription { ${FIELD} @skip(if: true) ${BELOW} ...A }`,
  ],
  [`subscription { ${FIELD} @include(if: true) @skip(if: false) ${BELOW} }`],
  [`subscription { ... @include(if: true) { ... { ${FIELD} ${BELOW} } } }`],
  [`subscription { ...A @skip(if: true) } fragment A on Subscription { ${FIELD} ${BELOW} }`],
  [`subscription { ...constructor ${FIELD} @skip(if: true) ${BELOW} }`],
])('a subscription with a condition at its root is refused: %s', async (query, variables = {}) => {
  expect(await errorsOf(query, variables)).toEqual([
    expect.toBeError('GRAPHQL_VALIDATION_FAILED', {
      message: 'The root of a subscription allows no @skip and no @include. Put them below its root field.',
    }),
  ]);
  expect(fixture.lines()).toEqual([]);
  expect(fixture.gateway.logged).toEqual([]);
});

it('a subscription may have conditions below its root, and a query beside it where it wants', async () => {
  const query = `subscription S { ${FIELD} { __typename @include(if: true) } } query Q { __typename @skip(if: true) }`;
  const response = await fetch(
    `${fixture.gateway.url}/graphql`,
    jsonPost({ query, operationName: 'S' }, { token: 'sandbox-key', 'x-upstream': 'plan' }),
  );
  expect(await response.json()).toMatchObject({ data: null, extensions: { upstream: { price: 1 } } });
});

it('an unknown directive at the root of a subscription is refused by its name', async () => {
  const [error] = await errorsOf(`subscription { ${FIELD} @live ${BELOW} }`, {});
  expect(error).toEqual(
    expect.toBeError('GRAPHQL_VALIDATION_FAILED', { message: 'Unknown directive "@live".' }),
  );
});
