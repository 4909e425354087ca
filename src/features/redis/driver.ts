// Kept apart, because its types name an optional package. The published types of a gateway must not lead here.

/** `@redis/client` is not installed. */
export class RedisClientMissing extends Error {
  override name = 'RedisClientMissing' as const;
}

type RedisClient = ReturnType<Awaited<ReturnType<typeof loadClient>>['createClient']>;
type ClientOptions = Parameters<RedisClient['duplicate']>[0];
let first: RedisClient | undefined;

/** The part of a client that the gateway uses. */
export interface DriverClient {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(words: readonly (string | Buffer)[]): Promise<unknown>;
  destroy(): void;
}

export type CreateClient = (options: ClientOptions) => Promise<DriverClient>;

/**
 * Makes a client that is not connected yet. For new options, the driver makes a class with all commands, which takes a tenth
 * of a second. A duplicate has the class of the first client. @throws RedisClientMissing
 */
export const createRedisClient: CreateClient = async (options) => {
  const { createClient } = await loadClient();
  first ??= createClient();
  return first.duplicate(options);
};

let loaded: ReturnType<typeof importClient> | undefined;

/** Imports the package once. @throws RedisClientMissing */
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
