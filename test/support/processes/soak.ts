import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { postText } from '../clients/raw-http.ts';
import { listen } from '../network/listen.ts';
import type { Holdings } from './soak-gateway.ts';

const GATEWAY = fileURLToPath(new URL('./soak-gateway.ts', import.meta.url));
const CONCURRENCY = 25;
/** How long a socket may take to close before it counts as left behind. */
const PATIENCE_MS = 30_000;

/** The ways in which the clients of a run leave, one after the other. */
const LEAVINGS = [
  'read in flight',
  'write in flight',
  'nested read in flight',
  'at once',
  'within the body',
] as const;

/** A gateway in its own process in front of a REST side that answers writes and never a read. */
export async function startSoak() {
  const arrivals = new Map<string, () => void>();
  const rest = createServer((request, response) => {
    request.resume();
    const [, , id = ''] = (request.url ?? '').split('/');
    arrivals.get(id)?.();
    if (request.method === 'POST') response.setHeader('connection', 'close').end('{"success": true}');
  });
  const { url: restUrl, close } = await listen(rest);
  const child = fork(GATEWAY, [restUrl], {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning', '--import', 'tsx'],
  });
  const [url] = (await once(child, 'message')) as [string];
  let count = 0;

  async function ask<Answer>(question: string): Promise<Answer> {
    child.send(question);
    const [answer] = (await once(child, 'message')) as [Answer];
    return answer;
  }

  /** One client that connects, asks, and leaves before it has its answer. */
  async function askAndLeave(): Promise<void> {
    const id = `id${++count}`;
    const leaving = LEAVINGS[count % LEAVINGS.length];
    const body = JSON.stringify({ query: operation(leaving), variables: { id } });
    const text = postText(body, { token: 'key' });
    const arrival = new Promise<void>((resolve) => arrivals.set(id, resolve));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(leaving === 'within the body' ? text.slice(0, -20) : text);
    if (leaving?.endsWith('in flight')) await arrival;
    arrivals.delete(id);
    socket.destroy();
    await once(socket, 'close');
  }

  return {
    url,
    /** Lets clients come and leave, some at a time. */
    async abortRequests(requests: number): Promise<void> {
      let left = requests;
      const client = async () => {
        while (left-- > 0) await askAndLeave();
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, client));
    },
    /** The sockets of the gateway and of the REST side, once there are none or after a while all the same. */
    async openSockets(): Promise<{ gateway: number; rest: number }> {
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        const open = { gateway: await ask<number>('sockets'), rest: await connections(rest) };
        if (open.gateway + open.rest === 0 || performance.now() > until) return open;
        await delay(100);
      }
    },
    /** Takes seconds: each count goes over the whole heap. */
    holdings: () => ask<Holdings>('holdings'),
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      await Promise.all([once(child, 'exit'), close()]);
    },
  };
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, open) => (error ? reject(error) : resolve(open))),
  );
}

function operation(leaving: (typeof LEAVINGS)[number] | undefined): string {
  switch (leaving) {
    case 'write in flight':
      return 'mutation ($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } }';
    case 'nested read in flight':
      return 'query ($id: ID!) { script(id: $id) { name executions { count } sessions { nodes { id } } } }';
    default:
      return 'query ($id: ID!) { script(id: $id) { name } }';
  }
}
