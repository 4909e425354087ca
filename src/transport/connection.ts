import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';

export interface CarriedRequest extends Dispatcher.DispatchOptions {
  readonly carrier: Carrier;
}

/** Learns how to close the connection that carries its request. */
export interface Carrier {
  cut: (() => void) | undefined;
}

/** A pool whose requests can close their connections, even after their answers. */
export function createConnections(origin: string, connections: number): Pool {
  const factory = (url: URL, options: object) => new Connection(url, options as Client.Options);
  return new Pool(origin, { connections, pipelining: 1, factory });
}

/** An undici client, which is one connection at a time. Keeps the socket, because undici does not expose it. */
class Connection extends Client {
  readonly #held: { socket?: Socket };
  #requests = 0;

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
    this.#requests += 1;
    const number = this.#requests;
    (options as CarriedRequest).carrier.cut = () => {
      if (number === this.#requests) this.#held.socket?.destroy();
    };
    return super.dispatch(options, handler);
  }
}
