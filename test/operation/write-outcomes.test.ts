import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { connectAgent, forAgents } from '../support/clients/agent.ts';
import { ringOf } from '../support/clients/keys.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import type { TestGatewayOptions } from '../support/gateways/gateway.ts';

const { open, record } = useOpened();

const TOGGLE = 'toggleScript(input: { id: "a", enabled: true }) { __typename }';
const MUTATION = `mutation { ${TOGGLE} }`;
const BOT = { authorization: 'Bearer bot' };
const botWith = (scopes: string[], more: object = {}) => ({
  credentials: { heldKey: 'held', keyRing: ringOf([{ name: 'bot', scopes, ...more }]) },
});

interface Refusal {
  readonly options?: Partial<TestGatewayOptions>;
  readonly document?: string;
  readonly variables?: object;
  readonly headers?: Record<string, string>;
}

/** The quota, an open circuit and a lost Redis have tests of their own. */
const REFUSALS: readonly [code: string, what: string, refusal: Refusal][] = [
  ['UNAUTHENTICATED', 'no key', { headers: {} }],
  ['FORBIDDEN', 'a scope that is missing', { options: botWith(['scripts:read']), headers: BOT }],
  [
    'FORBIDDEN',
    'a script out of reach',
    { options: botWith(['scripts:write'], { scripts: ['b'] }), headers: BOT },
  ],
  [
    'BAD_USER_INPUT',
    'a variable that is missing',
    { document: `mutation ($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } }` },
  ],
  [
    'BAD_USER_INPUT',
    'a variable of another type',
    {
      document: `mutation ($on: Boolean!) { toggleScript(input: { id: "a", enabled: $on }) { __typename } }`,
      variables: { on: 'yes' },
    },
  ],
  [
    'BAD_USER_INPUT',
    'an argument that is no id',
    { document: 'mutation { toggleScript(input: { id: "..", enabled: true }) { __typename } }' },
  ],
  ['GRAPHQL_VALIDATION_FAILED', 'a field that is not there', { document: 'mutation { nope }' }],
  ['GRAPHQL_VALIDATION_FAILED', 'READ_ONLY', { options: { readOnly: true } }],
  [
    'TOO_DEEP',
    'fields that nest too deep',
    { options: { limits: { depth: 1 } }, document: `mutation { a: ${TOGGLE} b: ${TOGGLE} }` },
  ],
  [
    'OPERATION_TOO_EXPENSIVE',
    'too many calls',
    { options: { limits: { restCalls: 1 } }, document: `mutation { a: ${TOGGLE} b: ${TOGGLE} }` },
  ],
  [
    'ANSWER_TOO_LARGE',
    'an answer that is too large before the first write',
    {
      options: { limits: { answerBytes: 10 } },
      document: `mutation { a: __typename b: __typename ${TOGGLE} }`,
    },
  ],
];

describe('a mutation that is refused before anything is sent is NOT_EXECUTED:', () => {
  it.each(REFUSALS)(
    '%s for %s',
    async (code, _what, { options, document = MUTATION, variables, headers = { token: 'key' } }) => {
      const recorder = await record(answerPlainly);
      const { gateway } = await open({ upstream: recorder.url, ...options });
      const { errors = [] } = await gateway.execute(document, variables, headers);
      expect(errors.length).toBeGreaterThan(0);
      for (const { extensions } of errors)
        expect(extensions).toMatchObject({ code, outcome: 'NOT_EXECUTED' });
      expect(recorder.lines().filter((line) => line.startsWith('POST'))).toEqual([]);
    },
  );

  it('BAD_USER_INPUT for an argument that no tool of an agent has', async () => {
    const recorder = await record(answerPlainly);
    const listed = new Map([
      ['a', `mutation toggle { ${TOGGLE} }`],
      ['b', 'query read { __typename }'],
    ]);
    const { gateway } = await open({ upstream: recorder.url, ...botWith(['*']), ...forAgents(listed) });
    const client = await connectAgent(gateway.url, 'bot');
    const call = async (name: string) => {
      const { structuredContent } = await client.callTool({ name, arguments: { nope: 1 } });
      return (structuredContent as { errors: { extensions: object }[] }).errors.map(
        ({ extensions }) => extensions,
      );
    };
    expect(await call('toggle')).toMatchObject([{ code: 'BAD_USER_INPUT', outcome: 'NOT_EXECUTED' }]);
    expect(await call('read')).toEqual([expect.not.objectContaining({ outcome: expect.anything() })]);
    expect(recorder.calls).toEqual([]);
  });
});

it('a mutation whose answer is too large after a write is UNKNOWN', async () => {
  const recorder = await record(answerPlainly);
  const { gateway } = await open({ upstream: recorder.url, limits: { answerBytes: 200 } });
  const document = `mutation { ${TOGGLE} ${'abcdefghi'.replace(/./g, '$&: __typename ')}}`;
  const { data, errors } = await gateway.execute(document, {}, { token: 'key' });
  expect(recorder.lines()).toEqual(['POST /scripts/a/toggle']);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ extensions: { code: 'ANSWER_TOO_LARGE', outcome: 'UNKNOWN' } }]);
});
