import { Pool } from 'undici';
import type { Access, Timeouts } from '../../luaauth/api.ts';
import { createStateInMemory } from '../../state/memory.ts';
import { createKnownAccounts } from '../../transport/accounts.ts';
import type { Call, Reply } from '../../transport/call.ts';
import { systemClock } from '../../transport/clock.ts';
import { createDispatch } from '../../transport/dispatch.ts';
import { Usage } from '../../transport/observer.ts';
import { createScheduler } from '../../transport/scheduler/scheduler.ts';
import { version } from '../../version.ts';

interface DirectOptions {
  readonly url: URL;
  readonly key: string;
  readonly timeouts: Timeouts;
  /** Called with each answer before it is decoded. */
  readonly onReply?: (reply: Reply, call: Call<unknown>) => void;
}

/** One connection, without the transport's other steps: each call is one request without retries. */
export function openDirectAccess({ url, key, timeouts, onReply }: DirectOptions) {
  const clock = systemClock;
  const dispatcher = new Pool(url.origin, { connections: 1, connect: { timeout: timeouts.read } });
  const send = createDispatch({
    dispatcher,
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    maxBodyBytes: 1024 * 1024,
    userAgent: `luaauth-graphql/${version} (check)`,
    clock,
    scheduler: createScheduler({
      connections: 1,
      rate: 0,
      totalRate: 0,
      clock,
      quotas: createStateInMemory(clock).quotas,
      known: createKnownAccounts(),
    }),
  });
  return {
    forOneCall: (): Access => ({
      ask: async (call) => {
        const decode: typeof call.decode = (reply, asked) => {
          onReply?.(reply, call);
          return call.decode(reply, asked);
        };
        return (await send({ ...call, decode }, new Usage())).value;
      },
      clock,
      origin: { key, account: '', caller: '' },
      usage: new Usage(),
      signal: undefined,
      timeouts,
      deadline: clock.now() + timeouts.read,
    }),
    close: () => dispatcher.destroy(),
  };
}
