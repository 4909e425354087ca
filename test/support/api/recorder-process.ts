import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { Arrival, Order, RecorderOptions } from './distant-recorder.ts';
import { answerPlainly, scriptIdOf } from './plain-api.ts';
import { startRecorder } from './recorder.ts';
import { createVersions } from './versions.ts';

const TICK_MS = 20;
/** A tick as late as this says that the machine kept the process waiting: what it finds then has come meanwhile. */
const LATE_MS = 2 * TICK_MS;
/** So long after a stall a process still reads what has come in it. */
const BACKLOG_MS = 100;

/**
 * A recorder in its own process, because a busy process notes arrivals late. It communicates by IPC. Like a distant API, it
 * counts a request only after a delay of up to some ms.
 */
let { jitterMs, workMs, respond, counted } = beginAnew({});
const uncertaintyMs = watchStalls();
const { url } = await startRecorder(async (recorded, response) => {
  const uncertainMs = uncertaintyMs();
  const all = counted;
  const { line, at } = recorded;
  const wayMs = Math.random() * jitterMs;
  if (jitterMs > 0) await delay(wayMs);
  // A timer of a busy machine is late: that says nothing of when the request has arrived.
  all.push({ line, at: at + wayMs, uncertainMs });
  const id = scriptIdOf(recorded).replace(/\d+$/, '');
  if (id in workMs) await delay(workMs[id]);
  await respond(recorded, response);
});

function beginAnew({ jitterMs = 0, workMs = {}, hasVersions = false }: RecorderOptions) {
  const counted: Arrival[] = [];
  return { jitterMs, workMs, respond: hasVersions ? createVersions().answer : answerPlainly, counted };
}

/** Watches the event loop. Returns how many ms earlier an arrival may have come. */
function watchStalls(): () => number {
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

/** Turns of the event loop in which all is read that had been sent when it was asked. */
const TURNS = 20;
process.on('message', async ({ id, anew }: Order) => {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  if (anew) ({ jitterMs, workMs, respond, counted } = beginAnew(anew));
  process.send?.({ id, counted });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });
