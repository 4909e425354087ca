import { once } from 'node:events';
import { connect } from 'node:net';

/** A bare TCP client, for what no HTTP client would send. */
export async function openRaw(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
  });
  await once(socket, 'connect');
  // A reset is one of the ways in which a server closes; what was received before it counts.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  return {
    socket,
    /** All that has come so far. */
    received: () => received,
    /** Everything that came, once the server has closed the connection. */
    closed,
    /** All that has come, as soon as it contains `text`. @throws when the server closes before. */
    async until(text: string): Promise<string> {
      while (!received.includes(text)) {
        const more = new Promise((resolve) => socket.once('data', () => resolve(true)));
        if (!(await Promise.race([more, closed.then(() => received.includes(text))]))) {
          throw new Error(`closed without ${text}: ${received}`);
        }
      }
      return received;
    },
  };
}

/** The text of a POST of an operation as JSON; `headers` may overrule what is said about the body. */
export function postText(body: string, headers: Record<string, string | number> = {}): string {
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    ...('transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return ['POST /graphql HTTP/1.1', ...lines, '', body].join('\r\n');
}
