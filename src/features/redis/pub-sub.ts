import type { Clock } from '../../transport/clock.ts';
import type { CreateClient, DriverClient } from './driver.ts';

type Channels = ReadonlyMap<string, { receive(message: Buffer): void }>;

const CONNECT_MS = 1_000;
const RETRY_MS = 500;

export interface PubSubOptions {
  readonly clock: Clock;
  readonly createClient: CreateClient;
  /** Gives the URL of each connection. */
  readonly readUrl: () => string;
}

/**
 * Pub/sub, by a connection of its own: Redis cuts one that subscribes when much is written to it, and the other one carries
 * large answers. It is there while a channel is wanted. A lost message costs time only: every process looks by itself as well. So
 * a user of Redis who may not publish, by `pcall`, or not subscribe, does without.
 * @param channels - those that are wanted; each that comes or goes is told by `add` and `remove`
 * @param onOpen - called when it is connected, for the first time or again: messages in between are lost
 */
export function createPubSub(
  { clock, createClient, readUrl }: PubSubOptions,
  channels: Channels,
  onOpen: () => void,
) {
  let current: Promise<DriverClient> | undefined;

  /** A message of a channel that is not wanted any more is dropped. */
  const deliver = (message: Buffer, channel: Buffer) => channels.get(String(channel))?.receive(message);

  const connect = async (onLost: () => void): Promise<DriverClient> => {
    const client = await createClient({
      url: readUrl(),
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('ready', () => {
      const subscribed = client.subscribe([...channels.keys()], deliver, true);
      subscribed.then(onOpen).catch(() => undefined);
    });
    client.connect().catch(onLost);
    return client;
  };

  const open = () => {
    /** Opens another one, unless that has happened meanwhile. */
    const onLost = () => void clock.after(RETRY_MS, () => opened === current && reopen());
    const opened = connect(onLost);
    opened.catch(onLost);
    current = opened;
  };

  /** Until then there is nothing to do: all channels are subscribed to as soon as the client is ready. */
  const whenReady = (action: (client: DriverClient) => Promise<unknown>) => {
    current?.then((client) => client.isReady && action(client)).catch(() => undefined);
  };
  const close = () => {
    current?.then((client) => client.destroy()).catch(() => undefined);
    current = undefined;
  };
  /** Redis was lost: the connection may be dead without saying so. */
  const reopen = () => {
    close();
    if (channels.size > 0) open();
  };

  return {
    add(channel: string) {
      if (current) whenReady((client) => client.subscribe(channel, deliver, true));
      else reopen();
    },
    remove(channel: string) {
      if (channels.size === 0) close();
      else whenReady((client) => client.unsubscribe(channel));
    },
    reopen,
    close,
  };
}
