import { setTimeout } from 'node:timers/promises';
import { answerPlainly, scriptIdOf } from './plain-api.ts';
import { startRecorder } from './recorder.ts';

/** How long the answer for an id that begins with `late` takes, in ms. */
const LATE_MS = 300;

/**
 * A REST API in its own process, which continues while the gateway's process is stopped. Reports each arrival by IPC.
 * Answers late for an id that begins with `late`, and never for an id that begins with `never`.
 */
const { url } = await startRecorder(async (recorded, response) => {
  process.send?.({ arrived: recorded.line });
  const id = scriptIdOf(recorded);
  if (id.startsWith('never')) return;
  if (id.startsWith('late')) await setTimeout(LATE_MS);
  await answerPlainly(recorded, response);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });
