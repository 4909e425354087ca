import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBot } from './bot.ts';
import { discordApiOf, log, readCommands, stop } from './settings.ts';

const run = readCommands(process.env, ['DISCORD_PUBLIC_KEY']);
const { DISCORD_PUBLIC_KEY: publicKey = '', PORT } = process.env;
// As Discord's developer portal shows it.
if (!/^[\da-f]{64}$/i.test(publicKey))
  stop('DISCORD_PUBLIC_KEY is not a public key, which has 64 hex digits. Copy it from the developer portal.');
const server = createServer(createBot({ run, publicKey, discordApi: discordApiOf(process.env), log }));
// Discord asks for https: a proxy ends it in front.
server.listen(Number(PORT || 3000), '127.0.0.1', () => {
  log({ listening: (server.address() as AddressInfo).port });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
  });
}
