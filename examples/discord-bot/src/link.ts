import { text } from 'node:stream/consumers';
import { createGateway, OperationFailed } from './gateway.ts';
import { createLicences, type Licences, Refused } from './licences.ts';
import { readSettings } from './settings.ts';
import { createTable, isDiscordId, type Table } from './table.ts';

/**
 * Puts a licence key into the table, in LuaAuth too where it has no Discord id yet. The key comes by stdin: everyone on a
 * machine can see the arguments of its processes, and Discord keeps what is written there.
 */
async function link(licences: Licences, table: Table, discordId: string, key: string): Promise<string> {
  const licence = await licences.read(key);
  if (licence.discordId && licence.discordId !== discordId) {
    throw new Refused('LuaAuth says that this licence belongs to another Discord account.');
  }
  if (!licence.discordId) await licences.setDiscordId(key, discordId);
  await table.put(discordId, key);
  return `Linked ${discordId}.`;
}

try {
  const [discordId] = process.argv.slice(2);
  if (!isDiscordId(discordId)) throw new Refused('Give a Discord id, and the licence key by stdin.');
  const { gatewayUrl, apiKey, projectId, tableFile } = readSettings(process.env, ['LUAAUTH_TOKEN']);
  const licences = createLicences(createGateway(gatewayUrl, apiKey), projectId);
  console.log(await link(licences, createTable(tableFile), discordId, (await text(process.stdin)).trim()));
} catch (error) {
  if (!(error instanceof Refused || error instanceof OperationFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
