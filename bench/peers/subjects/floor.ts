/** What cannot be avoided: JSON in, one REST call, JSON out. It knows no GraphQL and answers one kind of request only. */
import { createServer, type IncomingMessage } from 'node:http';
import { host, port } from './environment.ts';
import { getScript } from './upstream.ts';

createServer(async (request, response) => {
  const { variables } = JSON.parse(await readBody(request));
  const { id, name, enabled, total_executions } = await getScript(
    variables.id,
    request.headers.token as string,
  );
  const body = JSON.stringify({ data: { script: { id, name, enabled, totalExecutions: total_executions } } });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(port, host);

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}
