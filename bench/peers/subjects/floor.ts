/** The least work there is: JSON in, the REST calls, JSON out. It knows the compared kinds of request, and no GraphQL. */
import { createServer, type IncomingMessage } from 'node:http';
import { host, port } from './environment.ts';
import { getScript, getSessions, type WireScript } from './upstream.ts';

type Ids = Readonly<Record<string, string>>;

createServer(async (request, response) => {
  const { query, variables } = JSON.parse(await readBody(request));
  const data = await dataOf(query, variables, keyOf(request));
  const body = JSON.stringify({ data });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(port, host);

function keyOf({ headers }: IncomingMessage): string {
  return (headers.token as string | undefined) ?? headers.authorization ?? '';
}

async function dataOf(query: string, variables: Ids, token: string): Promise<object> {
  if (query === '{ __typename }') return { __typename: 'Query' };
  const { id = '', ...ids } = variables;
  if (query.startsWith('query OneScript')) return { script: inFull(await getScript(id, token)) };
  if (query.startsWith('query Sessions')) {
    const [{ name }, sessions] = await Promise.all([getScript(id, token), getSessions(id, 50, token)]);
    const nodes = sessions.map((session) => {
      return { id: session.id, robloxId: String(session.roblox_id), script: { id, name } };
    });
    return { script: { name, sessions: { nodes } } };
  }
  const scripts = await Promise.all(Object.values(ids).map((one) => getScript(one, token)));
  // Twice each, as the document has them.
  const fields = [...scripts, ...scripts].map((script, index) => [`script${index}`, inFull(script)]);
  return Object.fromEntries(fields);
}

function inFull({ id, name, enabled, total_executions }: WireScript): object {
  return { id, name, enabled, totalExecutions: total_executions };
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}
