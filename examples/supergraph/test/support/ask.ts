import assert from 'node:assert/strict';

/** An answer as a client sees it. */
export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly AnswerError[];
}

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string } & Record<string, unknown>;
}

export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

/** POSTs an operation as JSON. */
export async function ask(
  url: string,
  operation: Operation,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(operation),
  });
  return (await response.json()) as Answer;
}

/** The data of an answer that has no errors. */
export function dataOf<Data>({ data, errors }: Answer): Data {
  assert.equal(errors, undefined);
  return data as Data;
}
