/** The REST side as far as its arrivals matter: a process of its own, because one that is busy notes them late. */
import { setPriority } from 'node:os';
import { answerPlainly } from '../../../test/support/plain-api.ts';
import { startRecorder } from '../../../test/support/recorder.ts';

const PRIORITY = -10;
try {
  setPriority(PRIORITY);
} catch {
  // Not permitted: on a busy machine it then notes arrivals late.
}
let wayMs = 0;
let arrivals: number[] = [];
const { url } = await startRecorder((recorded, response) => {
  const arrive = () => {
    arrivals.push(performance.now());
    void answerPlainly(recorded, response);
  };
  if (wayMs > 0) setTimeout(arrive, wayMs);
  else arrive();
});
process.on('message', (message: number | 'arrivals') => {
  if (typeof message === 'number') {
    wayMs = message;
    return;
  }
  process.send?.(arrivals);
  arrivals = [];
});
process.on('disconnect', () => process.exit(0));
process.send?.(url);
