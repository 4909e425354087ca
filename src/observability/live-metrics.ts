import { Counter, Gauge, type Registry } from 'prom-client';

/** How many streams of live data there are, what they take, and what they tell. */
export function createLiveMetrics(registry: Registry) {
  const registers = [registry];
  const streams = new Gauge({ name: 'luaauth_live_streams', help: 'Subscriptions under way', registers });
  const scripts = new Gauge({
    name: 'luaauth_live_scripts',
    help: 'Scripts that subscriptions follow, for each API key',
    registers,
  });
  const polls = new Counter({
    name: 'luaauth_live_polls_total',
    help: 'Polls of this process, by what they found',
    labelNames: ['outcome'],
    registers,
  });
  const events = new Counter({
    name: 'luaauth_live_events_total',
    help: 'Events that subscribers received, by type',
    labelNames: ['type'],
    registers,
  });
  for (const outcome of ['changed', 'same', 'failed']) polls.inc({ outcome }, 0);
  for (const type of ['SessionsSnapshot', 'SessionsChange', 'SessionsDelay']) events.inc({ type }, 0);
  return {
    counted(counts: { readonly streams: number; readonly scripts: number }): void {
      streams.set(counts.streams);
      scripts.set(counts.scripts);
    },
    polled: (outcome: string): void => polls.inc({ outcome }),
    delivered: (type: string): void => events.inc({ type }),
  };
}
