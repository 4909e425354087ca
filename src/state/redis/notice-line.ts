import { setTimeout as delay } from 'node:timers/promises';
import { loadClient } from './redis-connection.ts';

export interface NoticeLineOptions {
  readonly url: string;
  /** The line is there, for the first time or again: what was told meanwhile is lost. */
  readonly onOpen: () => void;
}

type Client = ReturnType<Awaited<ReturnType<typeof loadClient>>['createClient']>;
type Listener = (notice: Buffer) => void;

const CONNECT_MS = 1_000;
const RETRY_MS = 500;

/**
 * What is told on channels, by a connection of its own: Redis cuts one that subscribes when much is written to it, and on the
 * other one answers are large. It is there while a channel is wanted. What gets lost here is found by whoever looks: it only hastens.
 */
export class NoticeLine {
  readonly #options: NoticeLineOptions;
  readonly #channels = new Map<string, Set<Listener>>();
  #client: Client | undefined;
  #end: (() => void) | undefined;
  #isOpening = false;
  #isClosed = false;

  constructor(options: NoticeLineOptions) {
    this.#options = options;
  }

  add(channel: string, listener: Listener): void {
    const listeners = this.#channels.get(channel);
    if (listeners) {
      listeners.add(listener);
      return;
    }
    this.#channels.set(channel, new Set([listener]));
    if (this.#client) this.#subscribe(this.#client, [channel]).catch(() => undefined);
    else void this.#open();
  }

  remove(channel: string, listener: Listener): void {
    const listeners = this.#channels.get(channel);
    listeners?.delete(listener);
    if (listeners?.size !== 0) return;
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#drop();
    else this.#client?.unsubscribe(channel).catch(() => undefined);
  }

  /** Redis was lost: the line may be dead without saying so. */
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
    const { createClient } = await loadClient();
    const client: Client = createClient({
      url: this.#options.url,
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
    this.#options.onOpen();
  }

  /** What nobody wants any more is told to nobody. */
  #subscribe(client: Client, channels: readonly string[]): Promise<void> {
    if (channels.length === 0) return Promise.resolve();
    return client.subscribe([...channels], this.#told, true);
  }

  readonly #told = (notice: Buffer, channel: Buffer): void => {
    for (const listener of this.#channels.get(String(channel)) ?? []) listener(notice);
  };

  #drop(): void {
    this.#client = undefined;
    this.#end?.();
    this.#end = undefined;
  }
}
