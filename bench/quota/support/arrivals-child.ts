/** The REST side as far as its arrivals matter. It has its own process, because a busy process notes arrivals late. */
import { setPriority } from 'node:os';
import { answerAs, scriptIdOf } from '../../../test/support/api/plain-api.ts';
import { startRecorder } from '../../../test/support/api/recorder.ts';
import type { Network } from './arrivals.ts';
import { FIRST_NAME, KEY_OF_RENAMES } from './scripts.ts';

const PRIORITY = -10;
try {
  setPriority(PRIORITY);
} catch {
  // Not permitted: on a busy machine it then notes arrivals late.
}
let network: Network = { wayMs: 0, workMs: 0 };
let cutUntil = 0;
let arrivals: number[] = [];
/** The names that edits have set, by script. */
const names = new Map<string, string>();
const { url } = await startRecorder((recorded, response) => {
  // While the network is cut, requests and answers wait in it.
  const pass = (action: () => void) => {
    const waitMs = cutUntil - performance.now();
    if (waitMs > 0) setTimeout(pass, waitMs, action);
    else action();
  };
  const id = scriptIdOf(recorded);
  const answer = () => pass(() => answerAs(names.get(id) ?? FIRST_NAME, recorded, response));
  const arrive = () => {
    if (recorded.headers.token !== KEY_OF_RENAMES) arrivals.push(performance.now());
    if (recorded.line.endsWith('/edit')) names.set(id, JSON.parse(recorded.body).name);
    if (network.workMs > 0) setTimeout(answer, Math.random() * network.workMs);
    else answer();
  };
  if (network.wayMs > 0) setTimeout(pass, network.wayMs, arrive);
  else pass(arrive);
});
process.on('message', (message: Network | 'arrivals') => {
  if (message !== 'arrivals') {
    network = message;
    cutUntil = performance.now() + (message.cutMs ?? 0);
    return;
  }
  process.send?.(arrivals);
  arrivals = [];
});
process.on('disconnect', () => process.exit(0));
process.send?.(url);
