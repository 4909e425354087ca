import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { sandboxKeys } from '../../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import { type GatewayProcess, startProcess } from '../../../../test/support/processes/process.ts';
import { createBot } from '../../src/bot.ts';
import { createCommands } from '../../src/commands.ts';
import { createGateway } from '../../src/gateway.ts';
import { createLicences } from '../../src/licences.ts';
import { type Command, startFakeDiscord } from './fake-discord.ts';

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

/** A sandbox, the gateway's own process in front of it, the bot, and a Discord: all on loopback. */
export function useBot() {
  const lines: string[] = [];
  let gateway: GatewayProcess;
  const servers = new Map<string, ReturnType<typeof createServer>>();
  const fixture = {
    sandbox: {} as Sandbox,
    discord: {} as Awaited<ReturnType<typeof startFakeDiscord>>,
    gatewayUrl: '',
    /** Where Discord sends interactions. */
    url: '',
    /** The bot's log. */
    lines,
    /** Method and path of everything that reached the REST side, in order. */
    calls: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    send: (command: Command, url?: string): Promise<string> =>
      fixture.discord.send(url ?? fixture.url, command),
    /** A bot with a server of its own. */
    async openBot(gatewayUrl?: string): Promise<string> {
      const licences = createLicences(
        createGateway(gatewayUrl ?? fixture.gatewayUrl, BOT_KEY),
        seeded.projectId,
      );
      const bot = createServer(
        createBot({
          run: createCommands({ licences, now: () => NOW }),
          publicKey: fixture.discord.publicKey,
          discordApi: fixture.discord.url,
          log: (line) => lines.push(JSON.stringify(line)),
        }),
      );
      bot.listen(0, '127.0.0.1');
      await once(bot, 'listening');
      const url = `http://127.0.0.1:${(bot.address() as AddressInfo).port}/`;
      servers.set(url, bot);
      return url;
    },
  };
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    fixture.discord = await startFakeDiscord();
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
    fixture.url = await fixture.openBot();
  });
  beforeEach(() => {
    fixture.sandbox.reset();
    lines.length = 0;
    fixture.discord.received.length = 0;
  });
  after(async () => {
    for (const server of servers.values()) {
      server.close();
      server.closeAllConnections();
    }
    await gateway.kill();
    await fixture.discord.close();
    await fixture.sandbox.close();
  });
  return fixture;
}
