import { readFile, rename, writeFile } from 'node:fs/promises';

const DISCORD_ID = /^\d{5,25}$/;

export function isDiscordId(value: unknown): value is string {
  return typeof value === 'string' && DISCORD_ID.test(value);
}

/**
 * The licence key of each Discord user, because LuaAuth finds a user only by key. The table is a JSON file, `{ "Discord
 * id": "licence key" }`. It is read for each question, so an edit by hand counts at once. Only the bot's user may read it,
 * because it contains keys.
 */
export function createTable(file: string) {
  async function read(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    return parseTable(text);
  }
  return {
    async keyOf(discordId: string): Promise<string | undefined> {
      return (await read()).get(discordId);
    },
    /** Another file takes the place of the old one, which is never half written. */
    async put(discordId: string, key: string): Promise<void> {
      const rows = (await read()).set(discordId, key);
      await writeFile(`${file}.new`, `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`, {
        mode: 0o600,
      });
      await rename(`${file}.new`, file);
    },
  };
}

export type Table = ReturnType<typeof createTable>;

/** The parser's own error would quote the text, with the keys in it. */
function parseTable(text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('the table of licences is not JSON');
  }
  const rows = Object.entries(value ?? {});
  if (
    Array.isArray(value) ||
    rows.some(([id, key]) => !isDiscordId(id) || typeof key !== 'string' || key === '')
  )
    throw new Error('the table of licences is not an object of licence keys by Discord ids');
  return new Map(rows as [string, string][]);
}
