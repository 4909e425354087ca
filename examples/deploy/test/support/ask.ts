import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { selfSigned } from '../../../../test/support/network/self-signed.ts';
import type { RunningProxy } from './proxies.ts';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Question extends Pick<RequestOptions, 'method' | 'path'> {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Without TLS. */
  readonly isPlain?: boolean;
}

/** How a request reaches a proxy, by the name in its configuration; its certificate is known, but made for an address. */
export function openTls(proxy: RunningProxy, { headers, ...options }: RequestOptions): RequestOptions {
  return {
    host: '127.0.0.1',
    port: proxy.tlsPort,
    headers: { host: 'localhost', ...(headers as Record<string, string>) },
    agent: false,
    servername: 'localhost',
    ca: selfSigned.cert,
    checkServerIdentity: () => undefined,
    ...options,
  };
}

/** Asks a proxy. */
export function ask(
  proxy: RunningProxy,
  { isPlain = false, body, headers, ...options }: Question,
): Promise<Answer> {
  const tls = openTls(proxy, { headers, ...options });
  const all = isPlain ? { ...tls, port: proxy.plainPort } : tls;
  return new Promise((resolve, reject) => {
    const outgoing = (isPlain ? plainRequest : tlsRequest)(all, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An operation by POST, with a caller's own key. */
export function post(proxy: RunningProxy, token: string, query: string, variables?: object): Promise<Answer> {
  return ask(proxy, {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip, br', token },
    body: JSON.stringify({ query, variables }),
  });
}
