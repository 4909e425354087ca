import type { Config } from '../config.ts';
import { runAlone } from './alone.ts';
import { keepHeapSmall } from './heap.ts';

/** Runs the gateway until the process is told to stop. `args` are the command line's flags. */
export async function serve(config: Config, args: readonly string[]): Promise<void> {
  keepHeapSmall();
  if (config.workers === 1) return runAlone(config);
  const { runPrimary } = await import('./primary.ts');
  return runPrimary(config, args);
}
