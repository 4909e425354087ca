import { expect, it } from 'vitest';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { openGateway } from '../../support/gateways/gateway.ts';

const OF_BEFORE = new Map([['a', 'query limit { rateLimit { limit } }']]);

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
  'a call that the list of documents has overtaken, by %s, is one of the list of now',
  async (_what, text, says) => {
    const ring = ringOf([{ name: 'bot' }]);
    let asked = 0;
    const gateway = await openGateway({
      upstream: 'http://127.0.0.1:9',
      credentials: {
        heldKey: 'held',
        keyRing: {
          ...ring,
          find(key) {
            asked += 1;
            // The tool is found by then, and its operation about to run.
            if (asked === 3) gateway.replaceDocuments(new Map([['a', text]]));
            return ring.find(key);
          },
        },
      },
      ...forAgents(OF_BEFORE),
      persisted: { mode: 'only', listed: OF_BEFORE },
    });
    try {
      expect(
        await sendMessage(gateway.url, 'bot', 'tools/call', { name: 'limit', arguments: {} }),
      ).toMatchObject(says);
      expect(asked).toBeGreaterThan(3);
    } finally {
      await gateway.close();
      expect(gateway.logged).toEqual([]);
    }
  },
);
