import type { ResultError } from '../gateways/gateway.ts';

/** What fetch takes to POST a query, or any other body, as JSON. */
export const jsonPost = (body: string | object, headers: Record<string, string> = {}) =>
  jsonTextPost(JSON.stringify(typeof body === 'string' ? { query: body } : body), headers);

/** The same of a text that may be no JSON, or has what a parser would lose. */
export const jsonTextPost = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

/** The JSON of an answer to an operation. */
export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly ResultError[];
}

/** POSTs an operation and reads its answer, with the sandbox's key unless the headers say otherwise. */
export async function ask(
  url: string,
  body: string | object,
  headers: Record<string, string> = { token: 'sandbox-key' },
): Promise<Answer> {
  return (await askForStatus(url, body, headers)).body;
}

/** The same, with the status of the answer. */
export async function askForStatus(
  url: string,
  body: string | object,
  headers: Record<string, string> = { token: 'sandbox-key' },
): Promise<{ readonly status: number; readonly body: Answer }> {
  const response = await fetch(`${url}/graphql`, jsonPost(body, headers));
  return { status: response.status, body: (await response.json()) as Answer };
}
