/** An answer of the gateway. Errors stand at the fields that failed; the other fields have their data. */
export interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly AnswerError[];
}

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string };
}

/** Plain `fetch`: no package at all. Also for scripts in a shell or in a workflow. */
export async function ask<Data>(
  url: string,
  key: string,
  query: string,
  variables: object = {},
): Promise<Answer<Data>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token: key },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer<Data>;
}
