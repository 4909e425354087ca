import { isSandboxKey, sandboxKeys } from './keys.ts';
import { seeded } from './seed-data.ts';
import type { SandboxDates } from './server.ts';

/** The key and the ids that visitors begin with. */
export const facts = {
  key: sandboxKeys.full,
  isKey: isSandboxKey,
  ids: { ...seeded, placeId: String(seeded.placeId) },
};

/** Starts the sandbox in the place of the API. A gateway that has an API does not even load it. */
export async function openSandbox() {
  const { GUEST_EVERY_MS, startSandbox } = await import('./server.ts');
  return startSandbox({ guestEveryMs: GUEST_EVERY_MS, dates: 'recent' });
}

/** Runs the sandbox alone, on a port, until a signal stops the process. */
export async function runSandbox(port: string, dates: SandboxDates): Promise<void> {
  const { runAlone } = await import('./run-alone.ts');
  await runAlone(port, dates);
}
