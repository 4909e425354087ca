import { Pool } from 'undici';
import type { Access, Timeouts } from '../luaauth/api.ts';
import { getScript, type Script } from '../luaauth/scripts.ts';
import { systemClock } from '../transport/clock.ts';
import { createDispatch } from '../transport/dispatch.ts';
import { DispatchQueue } from '../transport/dispatch-queue.ts';
import { CallFailure } from '../transport/errors.ts';
import { Usage } from '../transport/observer.ts';
import { NO_PROGRESS } from '../transport/progress.ts';
import { version } from '../version.ts';

export interface Question {
  readonly url: URL;
  readonly key: string;
  readonly scriptId: string;
  readonly timeouts: Timeouts;
}

/** Reads one script by one request: without the transport's other steps, so without retries. */
export async function ask({ url, key, scriptId, timeouts }: Question): Promise<Script | CallFailure> {
  const clock = systemClock;
  const dispatcher = new Pool(url.origin, { connections: 1, connect: { timeout: timeouts.read } });
  const send = createDispatch({
    dispatcher,
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    maxBodyBytes: 1024 * 1024,
    userAgent: `luaauth-graphql/${version} (check)`,
    clock,
    queue: new DispatchQueue({ connections: 1, clock }),
  });
  const access: Access = {
    ask: async (call) => (await send(call, NO_PROGRESS)).value,
    clock,
    origin: { key, account: '', caller: '' },
    usage: new Usage(),
    signal: undefined,
    timeouts,
    deadline: clock.now() + timeouts.read,
  };
  try {
    return await getScript(access, { script_id: scriptId });
  } catch (failure) {
    if (failure instanceof CallFailure) return failure;
    throw failure;
  } finally {
    await dispatcher.destroy();
  }
}
