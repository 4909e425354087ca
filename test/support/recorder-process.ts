import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { answerPlainly } from './plain-api.ts';
import { startRecorder } from './recorder.ts';
import { watchStalls } from './uncertainty.ts';
import { createVersions } from './versions.ts';

/**
 * A recorder in a process of its own: one that shares a busy process notes arrivals late. It tells by IPC. As an API far
 * away does, it counts a request only after up to so many ms.
 */
const [, , jitter = '0', kind] = process.argv;
const jitterMs = Number(jitter);
const respond = kind === 'versions' ? createVersions().answer : answerPlainly;
const counted: { readonly line: string; readonly at: number; readonly uncertainMs: number }[] = [];
const uncertaintyMs = watchStalls();
const { url } = await startRecorder(async (recorded, response) => {
  const uncertainMs = uncertaintyMs();
  const { line, at } = recorded;
  const wayMs = Math.random() * jitterMs;
  if (jitterMs > 0) await delay(wayMs);
  // A timer of a busy machine is late: that says nothing of when the request has arrived.
  counted.push({ line, at: at + wayMs, uncertainMs });
  await respond(recorded, response);
});
/** Turns of the event loop in which all is read that had been sent when it was asked. */
const TURNS = 20;
process.on('message', async () => {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  process.send?.(counted);
});
process.on('disconnect', () => process.exit(0));
process.send?.(url);
