import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';

export interface CarriedRequest extends Dispatcher.DispatchOptions {
  readonly carrier: Carrier;
}

/** Learns which connection carries its request. */
export interface Carrier {
  connection: Connection | undefined;
}

/** A pool whose requests know their connection, so that a connection with a stray answer can be closed. */
export function createConnections(origin: string, connections: number): Pool {
  const factory = (url: URL, options: object) => new Connection(url, options as Client.Options);
  return new Pool(origin, { connections, pipelining: 1, factory });
}

/** An undici client, which is one connection at a time. Keeps the socket, because undici does not expose it. */
export class Connection extends Client {
  readonly #held: { socket?: Socket };
  #carrier: Carrier | undefined;

  constructor(url: URL, options: Client.Options) {
    const held: { socket?: Socket } = {};
    const connector = options.connect as buildConnector.connector;
    const connect: buildConnector.connector = (target, done) =>
      connector(target, (...result) => {
        if (result[1]) held.socket = result[1];
        done(...result);
      });
    super(url, { ...options, connect });
    this.#held = held;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { carrier } = options as CarriedRequest;
    this.#carrier = carrier;
    carrier.connection = this;
    return super.dispatch(options, handler);
  }

  /** Drops a request that is over. The connection stays open, and would keep the request in memory. */
  release(carrier: Carrier): void {
    if (this.#carrier === carrier) this.#carrier = undefined;
  }

  /** Closes the connection at once, unless it already carries another request. */
  cut(carrier: Carrier): void {
    if (this.#carrier === carrier) this.#held.socket?.destroy();
  }
}
