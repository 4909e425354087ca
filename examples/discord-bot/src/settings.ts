import { createCommands, type RunCommand } from './commands.ts';
import { createGateway } from './gateway.ts';
import { createLicences } from './licences.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where Discord's API is, without its version. */
export const discordApiOf = ({ DISCORD_API }: Environment): string =>
  DISCORD_API || 'https://discord.com/api';

/** The commands, with the gateway and the project of the environment. Ends the process if one of the needed variables is missing. */
export function readCommands(environment: Environment, needed: readonly string[]): RunCommand {
  need(environment, ['GATEWAY_KEY', 'PROJECT_ID', ...needed]);
  const { GATEWAY_URL, GATEWAY_KEY = '', PROJECT_ID = '' } = environment;
  const gateway = createGateway(GATEWAY_URL || 'http://127.0.0.1:4000/graphql', GATEWAY_KEY);
  return createCommands({ licences: createLicences(gateway, PROJECT_ID), now: Date.now });
}

export function need(environment: Environment, names: readonly string[]): void {
  const missing = names.filter((name) => !environment[name]);
  if (missing.length > 0) stop(`Set ${missing.join(', ')}: see README.md.`);
}

export const log = (line: object): void =>
  console.log(JSON.stringify({ at: new Date().toISOString(), ...line }));

export function stop(problem: string): never {
  console.error(problem);
  process.exit(1);
}
