import { once } from 'node:events';
import { createServer, type IncomingMessage, request as requestBy } from 'node:http';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Config } from '../config/config.ts';
import { createGateway } from '../gateway.ts';
import { createLog } from '../observability/log.ts';
import { openUpstream } from './open-upstream.ts';

/** A gateway that nobody but its owner reaches: it listens to nothing, and what nobody expects goes to stderr. */
export async function openAlone(config: Config) {
  const { heldKey } = config.credentials;
  const secrets = heldKey === undefined ? [] : [heldKey];
  // Where gateways share a quota, its calls count in it as well.
  const { transport, close } = await openUpstream(config, []);
  const gateway = createGateway({
    ...config,
    transport,
    // Its owner has the key already: there is nobody to ask for a gateway key.
    credentials: {},
    liveLimits: config.live,
    graphiql: undefined,
    log: createLog({ level: 'error', format: config.logFormat, secrets, destination: process.stderr }),
  });
  // By a connection in memory, as its `fetch` loads Yoga, which takes longer than most operations.
  const server = createServer(gateway);
  /** Posts to the gateway, and gives the text of its answer. */
  async function post(headers: Readonly<Record<string, string>>, body: string): Promise<string> {
    const [client, connection] = duplexPair();
    server.emit('connection', connection);
    const options = { method: 'POST', headers, createConnection: () => client };
    const request = requestBy('http://localhost/graphql', options).end(body);
    const [response]: IncomingMessage[] = await once(request, 'response');
    return text(response as IncomingMessage);
  }
  return { post, close };
}
