// It stands alone, as its types name an optional package: those of a gateway, which are published, must not lead here.

/** `@redis/client` is not installed. */
export class RedisClientMissing extends Error {
  override name = 'RedisClientMissing' as const;
}

type RedisClient = ReturnType<Awaited<ReturnType<typeof loadClient>>['createClient']>;
let first: RedisClient | undefined;

/**
 * A client that is not connected yet. For each one with other options than the last, the driver makes a class with all commands,
 * which takes a tenth of a second; a duplicate has the class of the first. @throws RedisClientMissing
 */
export async function createRedisClient(
  options: Parameters<RedisClient['duplicate']>[0],
): Promise<RedisClient> {
  const { createClient } = await loadClient();
  first ??= createClient();
  return first.duplicate(options);
}

/** @throws RedisClientMissing */
export async function loadClient() {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new RedisClientMissing('The package @redis/client is not installed', { cause });
  }
}
