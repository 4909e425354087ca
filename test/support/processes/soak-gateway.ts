// The gateway of the soak run, in a process of its own so that nothing else is in its heap. Needs --expose-gc.
import { IncomingMessage } from 'node:http';
import { queryObjects } from 'node:v8';
import { createGateway } from '../../../src/gateway.ts';
import { startServer } from '../../../src/server/listen.ts';
import { createTransport } from '../../../src/transport/transport.ts';
import { withGatewayDefaults } from '../gateways/gateway.ts';

/** The holdings of the process after a full garbage collection. */
export interface Holdings {
  readonly heapBytes: number;
  /** Live objects by the class whose name they carry; each request makes some of every one. */
  readonly objects: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Errors that the gateway logged as unexpected. */
  readonly logged: readonly string[];
}

const classes = { IncomingMessage, EventTarget, Promise };
const warnings: string[] = [];
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') warnings.push(`${name}: ${message}`);
});

const [upstream = ''] = process.argv.slice(2);
// Every step of a call's way takes part, at a rate that does not slow the run down.
const transport = createTransport({
  url: new URL(upstream),
  userAgent: 'luaauth-graphql/soak',
  rate: 10_000,
  freshMs: 1_000,
  staleMs: 60_000,
});
const logged: unknown[] = [];
const log = { error: (error: unknown) => logged.push(error) };
const gateway = createGateway(withGatewayDefaults({ transport, log }));
const server = await startServer({
  listener: gateway,
  upgrade: gateway.upgrade,
  host: '127.0.0.1',
  port: 0,
  writeTimeoutMs: 30_000,
});

function holdings(): Holdings {
  (globalThis as { gc?: () => void }).gc?.();
  const objects = Object.entries(classes).map(([name, type]) => [name, queryObjects(type)]);
  return {
    objects: Object.fromEntries(objects),
    heapBytes: process.memoryUsage().heapUsed,
    warnings,
    logged: logged.map(String),
  };
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

process.on('message', (asked) => process.send?.(asked === 'sockets' ? sockets() : holdings()));
process.send?.(server.url);
