import { MAX_KEYS_OF_ID } from '../callers/user-table.ts';
import { DISCORD_ID_FORM, ID_FORM, isDiscordId, isId } from '../luaauth/decoders.ts';
import { readTable } from './csv.ts';
import { readTextFile } from './text-file.ts';
import { Unusable } from './unusable.ts';

/** The licence keys of each Discord id. */
type Users = ReadonlyMap<string, readonly string[]>;

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ROWS = 100_000;

/** A table of users. No problem quotes a cell, because any cell may be a licence key. */
export const USERS = {
  readText: (path: string) => readTextFile(path, MAX_BYTES),
  parse: parseUsers,
};

/** Reads CSV with the columns `discord_id` and `user_key`. @throws Unusable for the first problem */
function parseUsers(text: string): Users {
  const { line, columns, rows } = readTable(text);
  const idColumn = columns.indexOf('discord_id');
  const keyColumn = columns.indexOf('user_key');
  if (idColumn < 0 || keyColumn < 0)
    throw new Unusable(
      `line ${line}: it does not name the columns. Begin the file with the line discord_id,user_key.`,
    );
  const users = new Map<string, string[]>();
  let count = 0;
  for (const row of rows) {
    const refuse = (problem: string) => new Unusable(`line ${row.line}: ${problem}`);
    count += 1;
    if (count > MAX_ROWS)
      throw refuse(`the file has more than ${MAX_ROWS.toLocaleString('en')} rows. Leave out rows.`);
    if ('problem' in row) throw refuse(row.problem);
    const discordId = row.cells[idColumn]?.trim();
    const key = row.cells[keyColumn]?.trim();
    if (!isDiscordId(discordId))
      throw refuse(
        `its discord_id is not a Discord id. Give ${DISCORD_ID_FORM}. Spreadsheets keep long numbers only in a column of text.`,
      );
    if (!isId(key)) throw refuse(`its user_key is not a licence key. A licence key is ${ID_FORM}.`);
    const keys = users.get(discordId) ?? [];
    if (keys.includes(key)) continue;
    if (keys.length === MAX_KEYS_OF_ID) throw refuse(`its discord_id has more than ${MAX_KEYS_OF_ID} keys.`);
    users.set(discordId, [...keys, key]);
  }
  return users;
}
