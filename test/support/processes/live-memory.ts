import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

/** The memory of this process after a full garbage collection: objects, and the bytes of buffers. */
export function liveBytes(): number {
  // The second waits until the memory of the buffers that the first found to be garbage is given back.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
