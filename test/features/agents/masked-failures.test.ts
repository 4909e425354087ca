import { expect, it } from 'vitest';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useOpened } from '../../support/gateways/fixture.ts';

const { open } = useOpened();

it.each([
  ['tools/list', {}],
  ['tools/call', { name: 'limit', arguments: {} }],
])('what fails within %s is masked and logged, as anywhere', async (method, params) => {
  const lost = new Error('no way to db.internal:5432');
  const ring = ringOf([{ name: 'bot' }]);
  let times = 0;
  const ended: object[] = [];
  const { gateway, sandbox } = await open({
    credentials: {
      heldKey: 'sandbox-key',
      keyRing: {
        ...ring,
        find(key) {
          times += 1;
          // The request was let in by then.
          if (times === 2) throw lost;
          return ring.find(key);
        },
      },
    },
    observers: [{ ended: ({ codes }, { status }) => void ended.push({ codes, status }) }],
    ...forAgents(new Map([['a', 'query limit { rateLimit { limit } }']])),
  });
  const { error } = await sendMessage(gateway.url, 'bot', method, params);
  expect(error).toMatchObject({ code: -32_603, message: 'Something went wrong in the gateway.' });
  expect(gateway.logged).toEqual([lost]);
  expect(ended).toEqual([{ codes: ['INTERNAL_SERVER_ERROR'], status: 200 }]);
  expect(sandbox.calls).toEqual([]);
});
