import { setTimeout as delay } from 'node:timers/promises';
import { createRedisClient } from './client.ts';

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
  #client: Client | undefined;
  #end: (() => void) | undefined;
  #isOpening = false;
  #isClosed = false;

  /** `onOpen` is called when it is connected, for the first time or again: messages in between are lost. */
  constructor(url: string, onOpen: () => void) {
    this.#url = url;
    this.#onOpen = onOpen;
  }

  add(channel: string, listener: Listener): void {
    this.#channels.set(channel, listener);
    if (this.#client) this.#subscribe(this.#client, [channel]).catch(() => undefined);
    else void this.#open();
  }

  remove(channel: string): void {
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#drop();
    else this.#client?.unsubscribe(channel).catch(() => undefined);
  }

  /** Redis was lost: the connection may be dead without saying so. */
  reopen(): void {
    this.#drop();
    void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    while (!this.#client && this.#channels.size > 0 && !this.#isClosed) {
      await this.#connect().catch(() => delay(RETRY_MS, undefined, { ref: false }));
    }
    this.#isOpening = false;
  }

  async #connect(): Promise<void> {
    const client = await createRedisClient({
      url: this.#url,
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    let isOver = false;
    const end = () => {
      if (!isOver) client.destroy();
      isOver = true;
    };
    const lose = () => {
      end();
      if (client !== this.#client) return;
      this.#client = undefined;
      this.#end = undefined;
      void this.#open();
    };
    client.on('error', lose);
    client.on('end', lose);
    try {
      await client.connect();
      await this.#subscribe(client, [...this.#channels.keys()]);
    } catch (error) {
      end();
      throw error;
    }
    if (isOver) return;
    if (this.#isClosed || this.#channels.size === 0) return end();
    this.#client = client;
    this.#end = end;
    // Those that were wanted meanwhile; again costs nothing.
    this.#subscribe(client, [...this.#channels.keys()]).catch(() => undefined);
    this.#onOpen();
  }

  /** A message for which no listener is left is dropped. */
  #subscribe(client: Client, channels: readonly string[]): Promise<void> {
    if (channels.length === 0) return Promise.resolve();
    return client.subscribe([...channels], this.#deliver, true);
  }

  readonly #deliver = (message: Buffer, channel: Buffer): void => {
    this.#channels.get(String(channel))?.(message);
  };

  #drop(): void {
    this.#client = undefined;
    this.#end?.();
    this.#end = undefined;
  }
}
