import type { SentCredentials } from '../observability/request-record.ts';

/** Reads the headers in which a client can send a key. The only place that does: what it reads the log hides. */
export function readCredentials(header: (name: string) => string | null): SentCredentials {
  const authorization = header('authorization');
  return {
    token: header('token') ?? undefined,
    bearer: authorization === null ? undefined : authorization.replace(/^Bearer(?: +|$)/i, ''),
  };
}
