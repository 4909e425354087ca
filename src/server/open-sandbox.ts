import type { Sandbox } from '../sandbox/server.ts';

/** Starts the sandbox in the place of the API. A gateway that has an API does not even load it. */
export async function openSandbox(): Promise<Sandbox> {
  const { GUEST_EVERY_MS, startSandbox } = await import('../sandbox/server.ts');
  return startSandbox({ guestEveryMs: GUEST_EVERY_MS });
}
