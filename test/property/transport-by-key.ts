import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.ts';
import type { GatewayOptions } from '../../src/gateway-options.ts';
import { createStateInMemory } from '../../src/state/memory.ts';
import { createPageSizes } from '../../src/state/page-sizes.ts';
import { createTransport, type Transport } from '../../src/transport/transport.ts';

/** No pause ends and no deadline passes: nothing depends on how fast the machine is. */
const standingClock: Clock = { now: () => 0, after: () => () => undefined };

interface KeyTransport {
  readonly transport: Transport;
  calls: number;
}

/**
 * A separate transport for each API key, so that knowledge about the API (open circuits, pauses, retries left) is not
 * shared. Its requests use one connection in sequence, so answers come in the order of the calls.
 */
export function createTransportByKey(url: string) {
  const state = createStateInMemory({ now: () => 0 });
  const byKey = new Map<string, KeyTransport>();

  const open = (key: string): KeyTransport => {
    const known = byKey.get(key);
    if (known) return known;
    const transport = createTransport({
      url: new URL(url),
      userAgent: 'luaauth-graphql/test',
      connections: 1,
      clock: standingClock,
      random: () => 0,
      // Quotas go by key; generations do not, and matter to a cache only, which is off.
      state,
    });
    const opened = { transport, calls: 0 };
    byKey.set(key, opened);
    return opened;
  };

  const transport: GatewayOptions['transport'] = {
    isKnown: () => false,
    trust: () => undefined,
    clock: standingClock,
    state,
    pageSizes: createPageSizes(standingClock.now),
    rateLimit: () => ({ limit: 0, remaining: 0, used: 0, resetAtMs: 0, queued: 0 }),
    status: () => ({ upstream: 'AVAILABLE', sinceMs: 0, reason: undefined }),
    async ask(call, usage) {
      const opened = open(call.origin.key);
      opened.calls += 1;
      try {
        return await opened.transport.ask(call, usage);
      } finally {
        opened.calls -= 1;
      }
    },
  };

  return {
    transport,
    /**
     * Ends the calls of a key when none is in flight. An answer with an error may be sent before the operation's last call.
     * A following call is made before the next turn of the event loop.
     */
    async end(key: string): Promise<void> {
      const opened = byKey.get(key);
      if (!opened) return;
      do await setImmediate();
      while (opened.calls > 0);
      byKey.delete(key);
      await opened.transport.close();
    },
  };
}
