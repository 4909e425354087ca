import type { Clock } from '../../transport/clock.ts';
import type { CreateClient, DriverClient } from './driver.ts';

type Channels = ReadonlyMap<string, { receive(message: Buffer): void }>;

const CONNECT_MS = 1_000;
const RETRY_MS = 500;

export interface PubSubOptions {
  readonly clock: Clock;
  readonly createClient: CreateClient;
  readonly url: string;
}

/**
 * Pub/sub on a separate connection: Redis closes subscribers with too much unread output, and the main connection carries
 * large answers. The connection is open while a channel is wanted. A lost message costs only time, as every process also polls.
 * So the gateway works with a Redis user that may not publish or subscribe.
 * @param channels - the wanted channels; call `add` or `remove` after each change
 * @param onOpen - called after each connection, the first included: messages before it are lost
 */
export function createPubSub(
  { clock, createClient, url }: PubSubOptions,
  channels: Channels,
  onOpen: () => void,
) {
  let current: Promise<DriverClient> | undefined;

  /** Drops messages of channels that are no longer wanted. */
  const deliver = (message: Buffer, channel: Buffer) => channels.get(String(channel))?.receive(message);

  const connect = async (onLost: () => void): Promise<DriverClient> => {
    const client = await createClient({
      url,
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
    /** Opens a new connection after a pause, unless another connection has replaced this connection. */
    const onLost = () => void clock.after(RETRY_MS, () => opened === current && reopen());
    const opened = connect(onLost);
    opened.catch(onLost);
    current = opened;
  };

  /** Skips the action until the client is ready: a client that becomes ready subscribes to all channels. */
  const whenReady = (action: (client: DriverClient) => Promise<unknown>) => {
    current?.then((client) => client.isReady && action(client)).catch(() => undefined);
  };
  const close = () => {
    current?.then((client) => client.destroy()).catch(() => undefined);
    current = undefined;
  };
  /** Replaces the connection. After Redis was lost, the connection may be dead without an error. */
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
