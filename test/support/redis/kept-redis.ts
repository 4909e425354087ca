import type { GatewayProcess } from '../processes/process.ts';

const MOST_ATTEMPTS = 5;

/**
 * Tries what processes promise for as long as they have Redis. A busy machine may take it from one, which then says so in its
 * log and promises something else: what has failed there begins anew.
 */
export async function whileRedisIsKept(
  processes: () => readonly GatewayProcess[],
  attempt: () => Promise<void>,
  beginAnew: () => Promise<void>,
): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (failure) {
      const wasLost = processes().some(({ output }) => output.stdout.includes('Redis is lost: '));
      if (!wasLost || attempts === MOST_ATTEMPTS) throw failure;
    }
    await beginAnew();
  }
}
