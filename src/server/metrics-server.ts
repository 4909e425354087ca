import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serverUrl } from '../http/address.ts';
import { respondWithMetrics } from '../http/metrics-route.ts';
import { type PlainResponse, sendResponse } from '../http/response.ts';
import type { Metrics } from '../observability/metrics.ts';

/** Serves the metrics on a port of their own. @throws the system's error when the address cannot be had. */
export async function startMetricsServer(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string; close(): void }> {
  const respondTo = ({
    method = '',
    url = '',
    headers,
  }: IncomingMessage): Promise<PlainResponse> | PlainResponse => {
    const isHere = url.split('?', 1)[0] === '/metrics' && (method === 'GET' || method === 'HEAD');
    return isHere ? respondWithMetrics(metrics, headers.authorization) : NOT_HERE;
  };
  const server = createServer((request, response) => {
    Promise.resolve(respondTo(request)).then(
      (found) => sendResponse(response, found),
      (error) => response.destroy(error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Workers count each for themselves.
    server.listen({ port, host, exclusive: true }, resolve);
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

const NOT_HERE: PlainResponse = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'There is nothing here but GET /metrics.\n',
};
