import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import { sandboxKeys } from '../../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../../src/features/sandbox/server.ts';
import { type GatewayProcess, startProcess } from '../../../../test/support/processes/process.ts';
import { createBot } from '../../src/bot.ts';
import { createGateway } from '../../src/gateway.ts';
import { createLicences } from '../../src/licences.ts';
import { createTable } from '../../src/table.ts';
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

const TABLE = {
  [seeded.discordId]: seeded.userKey,
  [MISLED]: seeded.userKey,
  [UNLINKED]: seeded.endlessUserKey,
  [FORGOTTEN]: 'unknown-licence-key',
};

/** A sandbox, the gateway's own process in front of it, the bot, and a Discord: all on loopback. */
export function useBot() {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-bot-'));
  const tableFile = join(directory, 'licences.json');
  const lines: string[] = [];
  let gateway: GatewayProcess;
  const servers = new Map<string, ReturnType<typeof createServer>>();
  const fixture = {
    sandbox: {} as Sandbox,
    discord: {} as Awaited<ReturnType<typeof startFakeDiscord>>,
    gatewayUrl: '',
    tableFile,
    /** Where Discord sends interactions. */
    url: '',
    /** The bot's log. */
    lines,
    /** Method and path of everything that reached the REST side, in order. */
    calls: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    send: (command: Command, url?: string): Promise<string> =>
      fixture.discord.send(url ?? fixture.url, command),
    /** Another bot over the same table. */
    async openBot(apiKey: string = sandboxKeys.full, gatewayUrl?: string): Promise<string> {
      const gateway = createGateway(gatewayUrl ?? fixture.gatewayUrl, apiKey);
      const bot = createServer(
        createBot({
          desk: {
            licences: createLicences(gateway, seeded.projectId),
            table: createTable(tableFile),
            now: () => NOW,
          },
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
    gateway = startProcess({
      PORT: '0',
      LOG_LEVEL: 'silent',
      LUAAUTH_API_URL: fixture.sandbox.url,
      LUAAUTH_RATE: '0',
      LUAAUTH_TOTAL_RATE: '0',
      FRESH_MS: '0',
      STALE_MS: '0',
    });
    fixture.gatewayUrl = `${await gateway.listening()}/graphql`;
    fixture.url = await fixture.openBot();
  });
  beforeEach(() => {
    fixture.sandbox.reset();
    lines.length = 0;
    fixture.discord.received.length = 0;
    writeFileSync(tableFile, JSON.stringify(TABLE));
  });
  after(async () => {
    for (const server of servers.values()) {
      server.close();
      server.closeAllConnections();
    }
    await gateway.kill();
    await fixture.discord.close();
    await fixture.sandbox.close();
    rmSync(directory, { recursive: true });
  });
  return fixture;
}
