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

/** As Discord's developer portal shows it. */
const PUBLIC_KEY = /^[\da-f]{64}$/i;

/**
 * Reads the environment once. Where one of the `needed` variables is missing, or the public key is none, it says so and ends
 * the process.
 */
export function readSettings(
  environment: Environment,
  needed: readonly string[] = ['LUAAUTH_TOKEN', 'PROJECT_ID', 'DISCORD_PUBLIC_KEY'],
): Settings {
  const { DISCORD_PUBLIC_KEY: publicKey = '' } = environment;
  const missing = needed.filter((name) => !environment[name]);
  if (missing.length > 0) stop(`Set ${missing.join(', ')}: see README.md.`);
  if (publicKey !== '' && !PUBLIC_KEY.test(publicKey))
    stop(
      'DISCORD_PUBLIC_KEY is not a public key, which has 64 hex digits. Copy it from the developer portal.',
    );
  return {
    gatewayUrl: environment.GATEWAY_URL || 'http://127.0.0.1:4000/graphql',
    apiKey: environment.LUAAUTH_TOKEN ?? '',
    projectId: environment.PROJECT_ID ?? '',
    tableFile: environment.TABLE_FILE || 'licences.json',
    discordApi: environment.DISCORD_API || 'https://discord.com/api/v10',
    publicKey,
  };
}

export function stop(problem: string): never {
  console.error(problem);
  process.exit(1);
}
