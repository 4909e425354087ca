import { exit, onStop } from '../../server/signals.ts';
import { isSandboxKey, KEY_ADVICE, sandboxKeys } from './keys.ts';
import { seeded } from './seed-data.ts';
import type { SandboxDates } from './server.ts';

export const facts = {
  key: sandboxKeys.full,
  isKey: isSandboxKey,
  advice: KEY_ADVICE,
  ids: { ...seeded, placeId: String(seeded.placeId) },
};

/** How often a guest arrives when people look at live data. */
const GUEST_EVERY_MS = 4_000;

/** Starts the sandbox instead of the API. Its code is loaded only then. */
export async function openSandbox() {
  const { startSandbox } = await import('./server.ts');
  return startSandbox({ guestEveryMs: GUEST_EVERY_MS, dates: 'recent', unknownKeyAdvice: KEY_ADVICE });
}

/** Runs only the sandbox, on a port, until a signal stops the process. */
export async function runSandbox(port: string, dates: SandboxDates): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    exit(`--port (SANDBOX_PORT): ${JSON.stringify(port)} is not a port number from 0 to 65535.`);
  }
  const { clientHandlerNames } = await import('./sessions.ts');
  const { startSandbox } = await import('./server.ts');
  const sandbox = await startSandbox({ port: Number(port), guestEveryMs: GUEST_EVERY_MS, dates }).catch(
    ({ code }: NodeJS.ErrnoException) =>
      exit(
        `The sandbox cannot listen on 127.0.0.1:${port} (${code}). Give --port or SANDBOX_PORT a free port.`,
      ),
  );
  console.log(`LuaAuth sandbox on ${sandbox.url}

  token: ${sandboxKeys.full}      everything works
  token: ${sandboxKeys.expired}  the account has expired: an edit answers code 0
  token: ${sandboxKeys.basic}    the tier has no free-for-all mode: turning it on answers code 2

  curl -H 'token: ${sandboxKeys.full}' ${sandbox.url}/scripts/${seeded.scriptId}

  message handlers: ${clientHandlerNames.join(', ')}`);

  onStop(() => sandbox.close());
}
