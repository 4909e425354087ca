import { exit, onStop } from '../../server/signals.ts';
import { sandboxKeys } from './keys.ts';
import { clientHandlerNames } from './messages.ts';
import { seeded } from './seed-data.ts';
import { GUEST_EVERY_MS, type SandboxDates, startSandbox } from './server.ts';

export async function runAlone(port: string, dates: SandboxDates): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    exit(`--port (SANDBOX_PORT): ${JSON.stringify(port)} is not a port number from 0 to 65535.`);
  }
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
