import { request } from 'undici';

/** POSTs an operation with any headers at all, repeated ones too; a host must be among them. */
export async function send(
  url: string,
  headers: [string, string][],
  query: string,
  contentType = 'application/json',
): Promise<{ status: number; body: string }> {
  const { statusCode, body } = await request(`${url}/graphql`, {
    method: 'POST',
    headers: [['content-type', contentType], ...headers].flat(),
    body: JSON.stringify({ query }),
  });
  return { status: statusCode, body: await body.text() };
}
