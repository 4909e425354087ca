import type { ServerResponse } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError } from '../../luaauth/wire.ts';

/** The kinds of fault. `handled`: the request takes effect although no answer arrives. */
type Mishap =
  /** A failure of the API. By default with status 200, as all failures of the sandbox. */
  | ({ kind: 'failure'; status?: number } & WireError)
  /** Any answer: a proxy's HTML page, an empty body, a redirect. */
  | { kind: 'raw'; status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer }
  /** A proxy answers instead of the API. */
  | ({ kind: 'proxy'; handled?: boolean } & ProxyAnswer)
  /** The connection is reset after the request was read. */
  | { kind: 'reset'; handled?: boolean }
  /** There is no answer, and the connection stays open. */
  | { kind: 'hang'; handled?: boolean }
  /** The usual answer comes later. */
  | { kind: 'delay'; ms: number };

/** A fault, the requests that it affects (by default all) and how many of them (`times`, by default one). */
export type Fault = Mishap & { route?: Route; method?: string; times?: number };

/** The pending faults. The oldest matching fault affects a request. */
export function createFaults() {
  const due: { fault: Fault; left: number }[] = [];
  return {
    add(fault: Fault): void {
      due.push({ fault, left: fault.times ?? 1 });
    },
    take(method: string, route: Route | undefined): Fault | undefined {
      const entry = due.find(
        ({ fault }) => (fault.route ?? route) === route && (fault.method ?? method) === method,
      );
      if (!entry) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) due.splice(due.indexOf(entry), 1);
      return entry.fault;
    },
    clear(): void {
      due.length = 0;
    },
  };
}

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
