import { isSandboxKey, KEY_ADVICE, sandboxKeys } from './keys.ts';
import { seeded } from './seed-data.ts';
import type { SandboxDates } from './server.ts';

export const facts = {
  key: sandboxKeys.full,
  isKey: isSandboxKey,
  advice: KEY_ADVICE,
  ids: { ...seeded, placeId: String(seeded.placeId) },
};

/** Starts the sandbox instead of the API. Its code is loaded only then. */
export async function openSandbox() {
  const { GUEST_EVERY_MS, startSandbox } = await import('./server.ts');
  return startSandbox({ guestEveryMs: GUEST_EVERY_MS, dates: 'recent', unknownKeyAdvice: KEY_ADVICE });
}

/** Runs only the sandbox, on a port, until a signal stops the process. */
export async function runSandbox(port: string, dates: SandboxDates): Promise<void> {
  const { runAlone } = await import('./run-alone.ts');
  await runAlone(port, dates);
}
