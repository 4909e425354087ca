import { MAX_KEYS_OF_ID } from '../callers/user-table.ts';
import { DISCORD_ID_FORM, ID_FORM, isDiscordId, isId } from '../luaauth/decoders.ts';
import { delimiterOf, readCsv } from './csv.ts';
import { type FileLook, lookAtText } from './reloaded-file.ts';
import { readTextFile } from './text-file.ts';

/** The licence keys of each Discord id. */
type Users = ReadonlyMap<string, readonly string[]>;

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ROWS = 100_000;

/** Reads the file. No problem quotes a cell, because any cell may be a licence key. */
export function lookAtUsers(path: string): FileLook<Users> {
  return lookAtText<Users>(readTextFile(path, MAX_BYTES), (text) => {
    const users = parseUsers(text);
    return typeof users === 'string' ? { problems: [users] } : { value: users };
  });
}

/**
 * Reads CSV with the columns `discord_id` and `user_key`. If it has a problem, returns a sentence about the first problem.
 */
function parseUsers(text: string): Users | string {
  const records = readCsv(text, delimiterOf(text));
  const { value: header } = records.next();
  const columns = header && 'cells' in header ? header.cells.map((name) => name.trim()) : [];
  const idColumn = columns.indexOf('discord_id');
  const keyColumn = columns.indexOf('user_key');
  if (idColumn < 0 || keyColumn < 0)
    return `line ${header?.line ?? 1}: it does not name the columns. Begin the file with the line discord_id,user_key.`;
  const users = new Map<string, string[]>();

  /** Returns the problem of a row. */
  function add(cells: readonly string[]): string | undefined {
    if (cells.length !== columns.length)
      return `it has ${cells.length} cells, and the header has ${columns.length}`;
    const discordId = cells[idColumn]?.trim();
    const key = cells[keyColumn]?.trim();
    if (!isDiscordId(discordId))
      return `its discord_id is not a Discord id. Give ${DISCORD_ID_FORM}. Spreadsheets keep long numbers only in a column of text`;
    if (!isId(key)) return `its user_key is not a licence key. A licence key is ${ID_FORM}`;
    const keys = users.get(discordId) ?? [];
    if (keys.includes(key)) return undefined;
    if (keys.length === MAX_KEYS_OF_ID) return `its discord_id has more than ${MAX_KEYS_OF_ID} keys`;
    users.set(discordId, [...keys, key]);
    return undefined;
  }

  let first: string | undefined;
  let problems = 0;
  let rows = 0;
  for (const record of records) {
    rows += 1;
    if (rows > MAX_ROWS)
      return `line ${record.line}: the file has more than ${MAX_ROWS.toLocaleString('en')} rows. Leave out rows.`;
    const problem = 'problem' in record ? record.problem : add(record.cells);
    if (problem === undefined) continue;
    problems += 1;
    first ??= `line ${record.line}: ${problem}.`;
  }
  if (first === undefined) return users;
  return problems === 1 ? first : `${first} Further rows with problems: ${problems - 1}.`;
}
