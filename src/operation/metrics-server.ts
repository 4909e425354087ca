import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serverUrl } from '../http/address.ts';
import { type Answer, sendAnswer } from '../http/answer.ts';
import type { Metrics } from './metrics.ts';

/** Serves the metrics on a port of their own. @throws the system's error when the address cannot be had. */
export async function startMetricsServer(
  { answer }: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string; close(): void }> {
  const answerTo = ({ method = '', url = '', headers }: IncomingMessage): Promise<Answer> | Answer => {
    const isHere = url.split('?', 1)[0] === '/metrics' && (method === 'GET' || method === 'HEAD');
    return isHere ? answer(headers.authorization) : NOT_HERE;
  };
  const server = createServer((request, response) => {
    Promise.resolve(answerTo(request)).then(
      (found) => sendAnswer(response, found),
      (error) => response.destroy(error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `${serverUrl(host, own)}/metrics`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const NOT_HERE: Answer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'There is nothing here but GET /metrics.\n',
};
