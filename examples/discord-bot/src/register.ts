import { COMMAND } from './commands.ts';
import { readSettings, stop } from './settings.ts';

/** Tells Discord of the command: once, and again whenever it has changed. */
const { discordApi } = readSettings(process.env, ['DISCORD_APPLICATION_ID', 'DISCORD_BOT_TOKEN']);
const { DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN } = process.env;
const response = await fetch(`${discordApi}/applications/${DISCORD_APPLICATION_ID}/commands`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json', authorization: `Bot ${DISCORD_BOT_TOKEN}` },
  body: JSON.stringify([COMMAND]),
}).catch(() => stop(`Discord does not answer at ${discordApi}.`));
console.log(response.ok ? `Registered /${COMMAND.name}.` : `Discord refused it (${response.status}).`);
process.exitCode = response.ok ? 0 : 1;
