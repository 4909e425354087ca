import { COMMAND } from './commands.ts';

/** Tells Discord of the command: once, and again whenever it has changed. */
const { DISCORD_API, DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN } = process.env;
if (!DISCORD_APPLICATION_ID || !DISCORD_BOT_TOKEN) {
  throw new Error('Set DISCORD_APPLICATION_ID and DISCORD_BOT_TOKEN: see README.md.');
}
const response = await fetch(
  `${DISCORD_API || 'https://discord.com/api/v10'}/applications/${DISCORD_APPLICATION_ID}/commands`,
  {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bot ${DISCORD_BOT_TOKEN}` },
    body: JSON.stringify([COMMAND]),
  },
);
console.log(response.ok ? `Registered /${COMMAND.name}.` : `Discord refused it (${response.status}).`);
process.exitCode = response.ok ? 0 : 1;
