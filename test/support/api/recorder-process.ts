import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { Arrival, Order, RecorderOptions } from './distant-recorder.ts';
import { answerPlainly } from './plain-api.ts';
import { startRecorder } from './recorder.ts';
import { watchStalls } from './uncertainty.ts';
import { createVersions } from './versions.ts';

/**
 * A recorder in its own process, because a busy process notes arrivals late. It communicates by IPC. Like a distant API, it
 * counts a request only after a delay of up to some ms.
 */
let { jitterMs, respond, counted } = beginAnew({});
const uncertaintyMs = watchStalls();
const { url } = await startRecorder(async (recorded, response) => {
  const uncertainMs = uncertaintyMs();
  const all = counted;
  const { line, at } = recorded;
  const wayMs = Math.random() * jitterMs;
  if (jitterMs > 0) await delay(wayMs);
  // A timer of a busy machine is late: that says nothing of when the request has arrived.
  all.push({ line, at: at + wayMs, uncertainMs });
  await respond(recorded, response);
});

function beginAnew({ jitterMs = 0, hasVersions = false }: RecorderOptions) {
  const counted: Arrival[] = [];
  return { jitterMs, respond: hasVersions ? createVersions().answer : answerPlainly, counted };
}

/** Turns of the event loop in which all is read that had been sent when it was asked. */
const TURNS = 20;
process.on('message', async ({ id, anew }: Order) => {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  if (anew) ({ jitterMs, respond, counted } = beginAnew(anew));
  process.send?.({ id, counted });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });
