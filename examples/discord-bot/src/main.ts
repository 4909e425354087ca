import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBot } from './bot.ts';
import { createGateway } from './gateway.ts';
import { createLicences } from './licences.ts';
import { readSettings } from './settings.ts';
import { createTable } from './table.ts';

const { gatewayUrl, apiKey, projectId, tableFile, discordApi, publicKey } = readSettings(process.env);
const desk = {
  licences: createLicences(createGateway(gatewayUrl, apiKey), projectId),
  table: createTable(tableFile),
  now: Date.now,
};
const log = (line: object) => console.log(JSON.stringify({ at: new Date().toISOString(), ...line }));
const server = createServer(createBot({ desk, publicKey, discordApi, log }));
// Discord asks for https: a proxy ends it in front.
server.listen(Number(process.env.PORT || 3000), '127.0.0.1', () => {
  log({ listening: (server.address() as AddressInfo).port });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
  });
}
