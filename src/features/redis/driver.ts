// It stands alone, as its types name an optional package: those of a gateway, which are published, must not lead here.

/** `@redis/client` is not installed. */
export class RedisClientMissing extends Error {
  override name = 'RedisClientMissing' as const;
}

type RedisClient = ReturnType<Awaited<ReturnType<typeof loadClient>>['createClient']>;
type ClientOptions = Parameters<RedisClient['duplicate']>[0];
let first: RedisClient | undefined;

/** The part of a client that is used. */
export interface DriverClient {
  readonly isReady: boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end' | 'ready', listener: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(words: readonly (string | Buffer)[]): Promise<unknown>;
  subscribe(
    channels: string | string[],
    receive: (message: Buffer, channel: Buffer) => void,
    inBuffers: true,
  ): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  destroy(): void;
}

export type CreateClient = (options: ClientOptions) => Promise<DriverClient>;

/**
 * A client that is not connected yet. For each one with other options than the last, the driver makes a class with all commands,
 * which takes a tenth of a second; a duplicate has the class of the first. @throws RedisClientMissing
 */
export const createRedisClient: CreateClient = async (options) => {
  const { createClient } = await loadClient();
  first ??= createClient();
  return first.duplicate(options);
};

let loaded: ReturnType<typeof importClient> | undefined;

/** The package, which is imported once. @throws RedisClientMissing */
export function loadClient(): ReturnType<typeof importClient> {
  loaded ??= importClient();
  return loaded;
}

async function importClient() {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new RedisClientMissing('The package @redis/client is not installed', { cause });
  }
}
