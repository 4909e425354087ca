import {
  type ChatInputCommandInteraction,
  Client,
  Events,
  GatewayIntentBits,
  MessageFlags,
} from 'discord.js';
import { COMMAND, MAY_USE, NOT_ALLOWED } from './commands.ts';
import { log, readCommands } from './settings.ts';

/** Discord's side. The bot connects to Discord, and needs no address that Discord can reach. */
const run = readCommands(process.env);
const { DISCORD_API, DISCORD_BOT_TOKEN } = process.env;
const client = new Client({
  intents: [GatewayIntentBits.Guilds],
  rest: { api: DISCORD_API || 'https://discord.com/api' },
  // No member in a text is pinged.
  allowedMentions: { parse: [] },
});

client.once(Events.ClientReady, async ({ application }) => {
  await application.commands.set([COMMAND]);
  log({ ready: application.id });
});

client.on(Events.InteractionCreate, (interaction) => {
  if (!interaction.isChatInputCommand() || interaction.commandName !== COMMAND.name) return;
  // The error may have the address of the answer in it, and so the token of the interaction.
  receive(interaction).catch(() => log({ interaction: interaction.id, result: 'a mistake' }));
});

async function receive(interaction: ChatInputCommandInteraction): Promise<void> {
  const { options, user: by, memberPermissions } = interaction;
  const command = options.getSubcommand();
  const user = options.getUser('user', true).id;
  const facts = { interaction: interaction.id, command, by: by.id, of: user };
  // Discord hides the command from the others; a server may have changed that by mistake.
  if (((memberPermissions?.bitfield ?? 0n) & MAY_USE) === 0n) {
    log({ ...facts, result: 'not allowed' });
    await interaction.reply({ content: NOT_ALLOWED, flags: MessageFlags.Ephemeral });
    return;
  }
  // Discord waits 3 s for an answer, and LuaAuth's quota may take longer.
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const values = (options.data[0]?.options ?? []).map(({ name, value }) => [name, value]);
  const { result, text } = await run(command, { ...Object.fromEntries(values), user });
  const isShown = await interaction.editReply(text.slice(0, 2_000)).then(
    () => true,
    () => false,
  );
  log({ ...facts, result, isShown });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void client.destroy());
await client.login(DISCORD_BOT_TOKEN);
