import { sandboxKeys } from './keys.ts';
import { seeded } from './seed-data.ts';
import { startSandbox } from './server.ts';

const { SANDBOX_PORT = '4001' } = process.env;

function stop(problem: string): never {
  console.error(problem);
  process.exit(1);
}

if (!/^\d{1,5}$/.test(SANDBOX_PORT) || Number(SANDBOX_PORT) > 65_535) {
  stop(`SANDBOX_PORT must be a port number from 0 to 65535, not "${SANDBOX_PORT}".`);
}

const sandbox = await startSandbox({ port: Number(SANDBOX_PORT) }).catch((error: Error) =>
  stop(`The sandbox cannot listen on port ${SANDBOX_PORT}: ${error.message}`),
);

console.log(`LuaAuth sandbox on ${sandbox.url}

  token: ${sandboxKeys.full}      everything works
  token: ${sandboxKeys.expired}  the account has expired: an edit answers code 0
  token: ${sandboxKeys.basic}    the tier has no free-for-all mode: turning it on answers code 2

  curl -H 'token: ${sandboxKeys.full}' ${sandbox.url}/scripts/${seeded.scriptId}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.close());
}
