import { createRedisClient } from './driver.ts';

type Client = Awaited<ReturnType<typeof createRedisClient>>;
type Listener = (message: Buffer) => void;

const CONNECT_MS = 1_000;
const RETRY_MS = 500;

/**
 * Pub/sub, by a connection of its own: Redis cuts one that subscribes when much is written to it, and the other one carries
 * large answers. It is there while a channel is wanted. A lost message costs time only: every process looks by itself as well.
 */
export class PubSub {
  readonly #url: string;
  readonly #onOpen: () => void;
  readonly #channels = new Map<string, Listener>();
  /** The driver connects it again for as long as it is not destroyed. */
  #client: Promise<Client> | undefined;

  /** `onOpen` is called when it is connected, for the first time or again: messages in between are lost. */
  constructor(url: string, onOpen: () => void) {
    this.#url = url;
    this.#onOpen = onOpen;
  }

  add(channel: string, listener: Listener): void {
    this.#channels.set(channel, listener);
    if (this.#client) this.#whenReady((client) => this.#subscribe(client, [channel]));
    else this.#client = this.#open();
  }

  remove(channel: string): void {
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.close();
    else this.#whenReady((client) => client.unsubscribe(channel));
  }

  /** Redis was lost: the connection may be dead without saying so. */
  reopen(): void {
    this.close();
    if (this.#channels.size > 0) this.#client = this.#open();
  }

  close(): void {
    this.#client?.then((client) => client.destroy()).catch(() => undefined);
    this.#client = undefined;
  }

  async #open(): Promise<Client> {
    const client = await createRedisClient({
      url: this.#url,
      socket: { reconnectStrategy: RETRY_MS, connectTimeout: CONNECT_MS },
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    client.on('error', () => undefined);
    client.on('ready', () => {
      const subscribed = this.#subscribe(client, [...this.#channels.keys()]);
      subscribed.then(this.#onOpen).catch(() => undefined);
    });
    client.connect().catch(() => undefined);
    return client;
  }

  /** Until then there is nothing to do: all channels are subscribed to as soon as the client is ready. */
  #whenReady(action: (client: Client) => Promise<unknown>): void {
    this.#client?.then((client) => client.isReady && action(client)).catch(() => undefined);
  }

  /** A message for which no listener is left is dropped. */
  #subscribe(client: Client, channels: readonly string[]): Promise<void> {
    return client.subscribe([...channels], this.#deliver, true);
  }

  readonly #deliver = (message: Buffer, channel: Buffer): void => {
    this.#channels.get(String(channel))?.(message);
  };
}
