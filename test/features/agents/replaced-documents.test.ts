import { expect, it } from 'vitest';
import { json } from '../../support/api/recorder.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import type { TestGateway } from '../../support/gateways/gateway.ts';

const { open, record } = useOpened();
const DOCUMENT = 'mutation remove($id: ID!) { deleteScript(input: { id: $id }) { __typename } }';
const CALL = { name: 'remove', arguments: { id: 'a' } };

/** A gateway whose embedder finds its one key, `asked` counting how often, unless that throws. */
async function openWith(
  asked: (time: number) => void,
  written: (gateway: TestGateway) => void = () => undefined,
  document = DOCUMENT,
) {
  const ring = ringOf([{ name: 'bot' }]);
  const recorder = await record((_recorded, response) => {
    written(gateway);
    json(response, { success: true });
  });
  let times = 0;
  const ended: object[] = [];
  const listed = new Map([['a', document]]);
  const { gateway }: { gateway: TestGateway } = await open({
    upstream: recorder.url,
    credentials: {
      heldKey: 'held',
      keyRing: {
        ...ring,
        find(key) {
          times += 1;
          asked(times);
          return ring.find(key);
        },
      },
    },
    observers: [{ ended: ({ codes }, { status }) => void ended.push({ codes, status }) }],
    ...forAgents(listed),
    persisted: { mode: 'only', listed },
  });
  return { gateway, recorder, ended };
}

it.each([
  ['tools/list', {}],
  ['tools/call', CALL],
])('what fails within %s is masked and logged, as anywhere', async (method, params) => {
  const lost = new Error('no way to db.internal:5432');
  const { gateway, recorder, ended } = await openWith((time) => {
    // The request was let in by then.
    if (time === 2) throw lost;
  });
  const { error } = await sendMessage(gateway.url, 'bot', method, params);
  expect(error).toMatchObject({ code: -32_603, message: 'Something went wrong in the gateway.' });
  expect(gateway.logged).toEqual([lost]);
  expect(ended).toEqual([{ codes: ['INTERNAL_SERVER_ERROR'], status: 200 }]);
  expect(recorder.lines()).toEqual([]);
});

it('a write that two lists of documents overtake is carried out once', async () => {
  const replace = (text: string) => gateway.replaceDocuments(new Map([['a', text]]));
  const { gateway, recorder, ended } = await openWith(
    // The tool is found by then, and its operation about to run.
    (time) => time === 3 && replace(`${DOCUMENT} # second`),
    () => replace(`${DOCUMENT} # third`),
  );
  const { result } = await sendMessage(gateway.url, 'bot', 'tools/call', CALL);
  expect(result).toMatchObject({
    structuredContent: { data: { deleteScript: { __typename: 'DeleteScriptSuccess' } } },
  });
  expect(recorder.lines()).toEqual(['POST /scripts/a/remove']);
  expect(ended).toEqual([{ codes: [], status: 200 }]);
});

it.each<[what: string, text: string, says: object]>([
  [
    'another text',
    'query limit { rateLimit { used } }',
    { result: { structuredContent: { data: { rateLimit: { used: 0 } } } } },
  ],
  [
    'another name',
    'query other { rateLimit { limit } }',
    { error: { message: expect.stringContaining('There is no tool "limit"') } },
  ],
])(
  'a call that a new list of documents overtakes, by %s, follows the new list',
  async (_what, text, says) => {
    const { gateway } = await openWith(
      (time) => time === 3 && gateway.replaceDocuments(new Map([['a', text]])),
      undefined,
      'query limit { rateLimit { limit } }',
    );
    const call = { name: 'limit', arguments: {} };
    expect(await sendMessage(gateway.url, 'bot', 'tools/call', call)).toMatchObject(says);
  },
);
