import type { ServerResponse } from 'node:http';

/** Cloudflare's name of a request that it answers itself. */
export const SANDBOX_RAY = '8f1a2b3c4d5e6f70-FRA';

export interface ProxyAnswer {
  status: number;
  /** By default `none`: a proxy without a mark, such as nginx. */
  by?: 'cloudflare' | 'none';
  /** For 403 by Cloudflare. By default `challenge`: the page with which Cloudflare tests browsers. */
  page?: 'challenge' | 'code 1020';
}

const CLOUDFLARE_TEXT: Readonly<Record<number, string>> = {
  429: 'error code: 1015',
  530: 'error code: 1033',
};

export function sendProxyPage(response: ServerResponse, { status, by = 'none', page }: ProxyAnswer): void {
  if (by === 'none') {
    const body = `<html><head><title>${status}</title></head><body><center>nginx</center></body></html>`;
    response.writeHead(status, { 'content-type': 'text/html', server: 'nginx' }).end(body);
    return;
  }
  const isChallenge = status === 403 && page !== 'code 1020';
  const headers = {
    'content-type': isChallenge ? 'text/html; charset=UTF-8' : 'text/plain; charset=UTF-8',
    server: 'cloudflare',
    'cf-ray': SANDBOX_RAY,
    ...(isChallenge && { 'cf-mitigated': 'challenge' }),
    ...(status === 429 && { 'retry-after': '1' }),
  };
  const body = isChallenge
    ? '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body></body></html>'
    : (CLOUDFLARE_TEXT[status] ?? `error code: ${status === 403 ? 1020 : status}`);
  response.writeHead(status, headers).end(body);
}
