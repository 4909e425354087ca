import { createRedisClient } from './driver.ts';

type Client = Awaited<ReturnType<typeof createRedisClient>>;
type Channels = ReadonlyMap<string, { receive(message: Buffer): void }>;

const CONNECT_MS = 1_000;
const RETRY_MS = 500;

/**
 * Pub/sub, by a connection of its own: Redis cuts one that subscribes when much is written to it, and the other one carries
 * large answers. It is there while a channel is wanted. A lost message costs time only: every process looks by itself as well.
 */
export class PubSub {
  readonly #url: string;
  readonly #channels: Channels;
  readonly #onOpen: () => void;
  /** The driver connects it again for as long as it is not destroyed. */
  #client: Promise<Client> | undefined;

  /**
   * @param channels - those that are wanted; each that comes or goes is told by `add` and `remove`
   * @param onOpen - called when it is connected, for the first time or again: messages in between are lost
   */
  constructor(url: string, channels: Channels, onOpen: () => void) {
    this.#url = url;
    this.#channels = channels;
    this.#onOpen = onOpen;
  }

  add(channel: string): void {
    if (this.#client) this.#whenReady((client) => client.subscribe(channel, this.#deliver, true));
    else this.reopen();
  }

  remove(channel: string): void {
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
      const subscribed = client.subscribe([...this.#channels.keys()], this.#deliver, true);
      subscribed.then(this.#onOpen).catch(() => undefined);
    });
    client.connect().catch(() => undefined);
    return client;
  }

  /** Until then there is nothing to do: all channels are subscribed to as soon as the client is ready. */
  #whenReady(action: (client: Client) => Promise<unknown>): void {
    this.#client?.then((client) => client.isReady && action(client)).catch(() => undefined);
  }

  /** A message of a channel that is not wanted any more is dropped. */
  readonly #deliver = (message: Buffer, channel: Buffer): void =>
    this.#channels.get(String(channel))?.receive(message);
}
