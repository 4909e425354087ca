import { type Dispatcher, Pool } from 'undici';

/** The connections to the API, each of which carries one request at a time. */
export class UpstreamPool {
  readonly #open: () => Dispatcher;
  #pool: Dispatcher;
  /** Settles when the pools that were renewed have closed. */
  #closing: Promise<unknown> = Promise.resolve();

  /** @param open - opens a pool of connections; by default undici's */
  constructor(
    origin: string,
    connections: number,
    open: () => Dispatcher = () => new Pool(origin, { connections }),
  ) {
    this.#open = open;
    this.#pool = open();
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch(options, handler);
  }

  /**
   * Sends further requests on new connections. A connection that has brought the answer to another request may bring one answer
   * too many, which the next request on it would take for its own. Requests under way still get their answers.
   */
  renew(): void {
    this.#closing = Promise.all([this.#closing, this.#pool.close()]);
    this.#pool = this.#open();
  }

  /** Waits for the requests under way, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#closing, this.#pool.close()]);
  }
}
