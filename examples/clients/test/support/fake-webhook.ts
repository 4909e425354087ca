import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Takes messages in Discord's place. `answers` are the next ones; then it takes everything. */
export async function startWebhook(...answers: number[]) {
  const bodies: unknown[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    const status = answers.shift() ?? 204;
    if (status === 204) bodies.push(body);
    response.writeHead(status, status === 204 ? {} : { 'retry-after': '0' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/webhooks/1/secret-of-the-webhook`,
    bodies,
    lines: () => bodies.flatMap((body) => (body as { content: string }).content.split('\n')),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
