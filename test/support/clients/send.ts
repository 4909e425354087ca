import { Client } from 'undici';

/** POSTs an operation with any headers at all, repeated ones too; a host must be among them. */
export async function send(
  url: string,
  headers: [string, string][],
  query: string,
  contentType = 'application/json',
): Promise<{ status: number; body: string }> {
  // Without a client of its own, undici would send by the dispatcher of Node's fetch, which refuses some headers.
  const client = new Client(url);
  try {
    const { statusCode, body } = await client.request({
      method: 'POST',
      path: '/graphql',
      headers: [['content-type', contentType], ...headers].flat(),
      body: JSON.stringify({ query }),
    });
    return { status: statusCode, body: await body.text() };
  } finally {
    await client.close();
  }
}
