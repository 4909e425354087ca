import { request } from 'node:http';

/** POSTs an operation with any headers at all, repeated ones too; a host must be among them. */
export function send(
  url: string,
  headers: [string, string][],
  query: string,
  contentType = 'application/json',
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const flat = [['content-type', contentType], ...headers].flat();
    const outgoing = request(
      `${url}/graphql`,
      { method: 'POST', headers: flat, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify({ query }));
  });
}
