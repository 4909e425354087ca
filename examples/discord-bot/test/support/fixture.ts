import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { sandboxKeys } from '../../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import { type GatewayProcess, startProcess } from '../../../../test/support/processes/process.ts';
import { type CommandOptions, createCommands, type RunCommand } from '../../src/commands.ts';
import { createGateway } from '../../src/gateway.ts';
import { createLicences } from '../../src/licences.ts';

export { sandboxKeys, seeded };

/** Somebody of whom the table has no licence. */
export const STRANGER = '100000000000000009';
/** The table has licences of these two: at LuaAuth the first has another Discord id, the second has none. */
export const MISLED = '100000000000000002';
export const UNLINKED = '100000000000000003';
/** The table has a licence of this one, but LuaAuth does not know it. */
export const FORGOTTEN = '100000000000000004';

export const NOW = Date.parse('2026-02-10T00:00:00.000Z');

/** The table has two licences of this one. */
export const RESELLER = '100000000000000005';

const TABLE = [
  [seeded.discordId, seeded.userKey],
  [MISLED, seeded.userKey],
  [UNLINKED, seeded.endlessUserKey],
  [FORGOTTEN, 'unknown-licence-key'],
  [RESELLER, seeded.expiredUserKey],
  [RESELLER, seeded.blacklistedUserKey],
];
const USERS = ['discord_id,user_key', ...TABLE].join('\n');

/** The key of the gateway that the bot has. */
export const BOT_KEY = 'key-of-the-bot-Vd8sK2mQ41xZ';

/** A command as the bot runs it, and the Discord id of whom it is about. */
interface Command {
  readonly subcommand: string;
  readonly user: string;
  readonly options?: CommandOptions;
}

/** A sandbox, the gateway's own process in front of it, and the bot's commands: all on loopback. */
export function useBot() {
  let gateway: GatewayProcess;
  const fixture = {
    sandbox: {} as Sandbox,
    gatewayUrl: '',
    /** Method and path of everything that reached the REST side, in order. */
    calls: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    createRun(gatewayUrl?: string): RunCommand {
      const licences = createLicences(
        createGateway(gatewayUrl ?? fixture.gatewayUrl, BOT_KEY),
        seeded.projectId,
      );
      return createCommands({ licences, now: () => NOW });
    },
    run: {} as RunCommand,
    /** The text that the sender of the command reads. */
    async send({ subcommand, user, options }: Command): Promise<string> {
      return (await fixture.run(subcommand, { ...options, user })).text;
    },
  };
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    gateway = startProcess(
      {
        PORT: '0',
        LOG_LEVEL: 'silent',
        LUAAUTH_API_URL: fixture.sandbox.url,
        LUAAUTH_TOKEN: sandboxKeys.full,
        GATEWAY_KEYS: BOT_KEY,
        USERS_FILE: 'users.csv',
        LUAAUTH_RATE: '0',
        LUAAUTH_TOTAL_RATE: '0',
        FRESH_MS: '0',
        STALE_MS: '0',
      },
      (directory) => writeFileSync(join(directory, 'users.csv'), USERS),
    );
    fixture.gatewayUrl = `${await gateway.listening()}/graphql`;
    fixture.run = fixture.createRun();
  });
  beforeEach(() => fixture.sandbox.reset());
  after(async () => {
    await gateway.kill();
    await fixture.sandbox.close();
  });
  return fixture;
}
