import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** How something that a router sent has reached the gateway. */
export interface Arrival {
  readonly transport: 'websocket' | 'server-sent events' | 'one answer';
  readonly method: string;
  /** With whatever a router has put into the query string. */
  readonly url: string;
}

/** Stands between a router and the gateway and notes what arrives. */
export async function observe(target: string) {
  const { hostname, port } = new URL(target);
  const arrivals: Arrival[] = [];
  const note = ({ method = '', url = '' }: IncomingMessage, transport: Arrival['transport']) =>
    arrivals.push({ transport, method, url });
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url: path } = incoming;
    const onward = request({ hostname, port, method, headers, path }, (answer) => {
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream');
      note(incoming, isStream ? 'server-sent events' : 'one answer');
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming, socket, head) => {
    note(incoming, 'websocket');
    const onward = connect(Number(port), hostname);
    onward.write(headOf(incoming));
    onward.write(head);
    onward.pipe(socket).pipe(onward);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    /** The arrivals since the last call. */
    take: () => arrivals.splice(0),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
