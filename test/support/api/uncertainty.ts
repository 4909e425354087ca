const TICK_MS = 20;
/** A tick as late as this says that the machine kept the process waiting: what it finds then has come meanwhile. */
const LATE_MS = 2 * TICK_MS;
/** So long after a stall a process still reads what has come in it. */
const BACKLOG_MS = 100;

/** Watches the event loop of a process that notes arrivals. Returns how many ms earlier an arrival may have come. */
export function watchStalls(): () => number {
  let lastTick = performance.now();
  let stall = { end: Number.NEGATIVE_INFINITY, ms: 0 };
  setInterval(() => {
    const now = performance.now();
    if (now - lastTick > LATE_MS) stall = { end: now, ms: now - lastTick };
    lastTick = now;
  }, TICK_MS).unref();
  return () => {
    const now = performance.now();
    if (now - stall.end < BACKLOG_MS) return stall.ms + (now - stall.end);
    return now - lastTick > LATE_MS ? now - lastTick : 0;
  };
}

/** Watches for how long this process stands still in any second, since it was last asked to begin. */
export function createStallMeter() {
  let late: { readonly at: number; readonly ms: number }[] = [];
  let most = 0;
  let timer: NodeJS.Timeout | undefined;
  let lastTick = 0;
  const tick = () => {
    const now = performance.now();
    const ms = now - lastTick - TICK_MS;
    lastTick = now;
    late = late.filter(({ at }) => now - at < 1_000 + ms);
    if (ms > TICK_MS) late.push({ at: now, ms });
    most = Math.max(
      most,
      late.reduce((sum, one) => sum + one.ms, 0),
    );
  };
  return {
    begin(): void {
      late = [];
      most = 0;
      lastTick = performance.now();
      timer ??= setInterval(tick, TICK_MS).unref();
    },
    end(): void {
      clearInterval(timer);
      timer = undefined;
    },
    /** In the worst second. */
    mostMs: () => most,
  };
}
