import { createCommands, type RunCommand } from './commands.ts';
import { createGateway } from './gateway.ts';
import { createLicences } from './licences.ts';

const NEEDED = ['GATEWAY_KEY', 'PROJECT_ID', 'DISCORD_BOT_TOKEN'];

/** The commands, with the gateway and the project of the environment. Ends the process if a needed variable is missing. */
export function readCommands(environment: Readonly<Record<string, string | undefined>>): RunCommand {
  const missing = NEEDED.filter((name) => !environment[name]);
  if (missing.length > 0) {
    console.error(`Set ${missing.join(', ')}: see README.md.`);
    process.exit(1);
  }
  const { GATEWAY_URL, GATEWAY_KEY = '', PROJECT_ID = '' } = environment;
  const gateway = createGateway(GATEWAY_URL || 'http://127.0.0.1:4000/graphql', GATEWAY_KEY);
  return createCommands({ licences: createLicences(gateway, PROJECT_ID), now: Date.now });
}

export const log = (line: object): void =>
  console.log(JSON.stringify({ at: new Date().toISOString(), ...line }));
