import { COMMAND } from './commands.ts';
import { discordApiOf, need, stop } from './settings.ts';

/** Tells Discord of the command: once, and again whenever it has changed. */
need(process.env, ['DISCORD_APPLICATION_ID', 'DISCORD_BOT_TOKEN']);
const { DISCORD_APPLICATION_ID, DISCORD_BOT_TOKEN } = process.env;
const discordApi = discordApiOf(process.env);
const response = await fetch(`${discordApi}/v10/applications/${DISCORD_APPLICATION_ID}/commands`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json', authorization: `Bot ${DISCORD_BOT_TOKEN}` },
  body: JSON.stringify([COMMAND]),
}).catch(() => stop(`Discord does not answer at ${discordApi}.`));
console.log(response.ok ? `Registered /${COMMAND.name}.` : `Discord refused it (${response.status}).`);
process.exitCode = response.ok ? 0 : 1;
