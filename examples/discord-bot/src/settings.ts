export interface Settings {
  /** Where operations go. */
  readonly gatewayUrl: string;
  /** The LuaAuth API key, which the gateway passes on. */
  readonly apiKey: string;
  /** The project whose users the bot is about. */
  readonly projectId: string;
  /** The file that says whose licence key is whose. */
  readonly tableFile: string;
  /** Where Discord's API is. */
  readonly discordApi: string;
  /** The public key of the Discord application, in hex. */
  readonly publicKey: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment once. @throws with all that is missing. */
export function readSettings(environment: Environment): Settings {
  const missing = ['LUAAUTH_TOKEN', 'PROJECT_ID', 'DISCORD_PUBLIC_KEY'].filter((name) => !environment[name]);
  if (missing.length > 0) throw new Error(`Set ${missing.join(', ')}: see README.md.`);
  return {
    gatewayUrl: environment.GATEWAY_URL || 'http://127.0.0.1:4000/graphql',
    apiKey: environment.LUAAUTH_TOKEN ?? '',
    projectId: environment.PROJECT_ID ?? '',
    tableFile: environment.TABLE_FILE || 'licences.json',
    discordApi: environment.DISCORD_API || 'https://discord.com/api/v10',
    publicKey: environment.DISCORD_PUBLIC_KEY ?? '',
  };
}
