import { expect, it } from 'vitest';
import { createGateway } from '../../src/gateway.ts';
import { startServer } from '../../src/server/listen.ts';
import { createTransport } from '../../src/transport/transport.ts';
import { forAgents, sendMessage } from '../support/agent.ts';
import { ringOf } from '../support/keys.ts';

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
    const transport = createTransport({ url: new URL('http://127.0.0.1:9'), userAgent: 'test' });
    const gateway = createGateway({
      transport,
      timeouts: { read: 1_000, write: 1_000 },
      log: { error: (error) => expect.unreachable(String(error)) },
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
    const server = await startServer({
      listener: gateway,
      host: '127.0.0.1',
      port: 0,
      writeTimeoutMs: 30_000,
    });
    try {
      expect(
        await sendMessage(server.url, 'bot', 'tools/call', { name: 'limit', arguments: {} }),
      ).toMatchObject(says);
      expect(asked).toBeGreaterThan(3);
    } finally {
      await server.drain(0);
      await transport.close();
    }
  },
);
