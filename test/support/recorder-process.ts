import { setTimeout as delay } from 'node:timers/promises';
import { answerPlainly } from './plain-api.ts';
import { startRecorder } from './recorder.ts';
import { createVersions } from './versions.ts';

/**
 * A recorder in a process of its own: one that shares a busy process notes arrivals late. It tells by IPC. As an API far
 * away does, it counts a request only after up to so many ms.
 */
const [, , jitter = '0', kind] = process.argv;
const jitterMs = Number(jitter);
const respond = kind === 'versions' ? createVersions().answer : answerPlainly;
const counted: { readonly line: string; readonly at: number }[] = [];
const { url } = await startRecorder(async (recorded, response) => {
  if (jitterMs > 0) await delay(Math.random() * jitterMs);
  counted.push({ line: recorded.line, at: jitterMs > 0 ? performance.now() : recorded.at });
  await respond(recorded, response);
});
process.on('message', () => process.send?.(counted));
process.on('disconnect', () => process.exit(0));
process.send?.(url);
