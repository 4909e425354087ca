import { describe, expect, it } from 'vitest';
import { configOf, problemsIn, useFolder } from '../support/gateways/configured.ts';

const KEY = 'sentinel-key-5f0c';

const folder = useFolder();
const withFile = (content: string) => {
  const USERS_FILE = folder.write('users.csv', content);
  return { LUAAUTH_TOKEN: 'held', USERS_FILE };
};
const usersIn = (content: string) => [...(configOf(withFile(content)).usersFile?.value ?? [])];

describe('a table of users', () => {
  it.each<[what: string, content: string, users: [string, string[]][]]>([
    ['one key', `discord_id,user_key\n1,${KEY}\n`, [['1', [KEY]]]],
    [
      'several keys for an id',
      'discord_id,user_key\n1,a\n2,b\n1,c',
      [
        ['1', ['a', 'c']],
        ['2', ['b']],
      ],
    ],
    ['a row twice', 'discord_id,user_key\n1,a\n1,a\n', [['1', ['a']]]],
    [
      'a key of two ids',
      'discord_id,user_key\n1,a\n2,a\n',
      [
        ['1', ['a']],
        ['2', ['a']],
      ],
    ],
    [
      'further columns, in another order',
      'note,user_key,discord_id\n"x, ""y""\nz",a,1\n,b,2\n',
      [
        ['1', ['a']],
        ['2', ['b']],
      ],
    ],
    ['what a spreadsheet writes', '\uFEFFdiscord_id;user_key\r\n"1";"a"\r\n\r\n', [['1', ['a']]]],
    ['spaces around cells', 'discord_id, user_key\n 1 , a \n', [['1', ['a']]]],
    ['an id of 32 digits', `discord_id,user_key\n${'9'.repeat(32)},a`, [['9'.repeat(32), ['a']]]],
    ['no row', 'discord_id,user_key\n', []],
  ])('may have %s', (_what, content, users) => {
    expect(usersIn(content)).toEqual(users);
  });

  const HEADER = 'discord_id,user_key';
  const NO_HEADER = 'line 1: it does not name the columns. Begin the file with the line discord_id,user_key.';
  const NO_ID =
    'its discord_id is not a Discord id. Give 1 to 32 digits. Spreadsheets keep long numbers only in a column of text.';
  it.each<[what: string, problem: string, ...contents: string[]]>([
    ['no header', NO_HEADER, '', `1,${KEY}\n`, `discord,user_key\n1,${KEY}\n`, `{"1": "${KEY}"}`],
    ['a key in the column of ids', `line 3: ${NO_ID}`, `${HEADER}\n1,a\n${KEY},1\n`],
    [
      'what is no id',
      `line 2: ${NO_ID}`,
      `${HEADER}\n3.65843E+17,${KEY}\n`,
      `${HEADER}\n,${KEY}\n`,
      `${HEADER}\n${'9'.repeat(33)},${KEY}\n`,
    ],
    [
      'what is no key',
      'line 3: its user_key is not a licence key. A licence key is 1 to 128 letters',
      `${HEADER}\n\n1,../${KEY}\n`,
      `${HEADER}\n\n1,\n`,
    ],
    ['a cell too many', 'line 3: it has 3 cells, and the header has 2.', `${HEADER}\n1,a\n2,${KEY},x\n`],
    ['a cell too few', 'line 2: it has 1 cells, and the header has 2.', `${HEADER}\n1\n`],
    ['an open quote', 'line 2: its quotes are wrong.', `${HEADER}\n"1,${KEY}\n`],
  ])('is refused with %s, by the number of the line and without a cell', (_what, problem, ...contents) => {
    for (const content of contents) {
      const environment = withFile(content);
      const [line = '', ...others] = problemsIn(environment);
      expect(others).toEqual([]);
      expect(line).toContain(`USERS_FILE: ${JSON.stringify(environment.USERS_FILE)}: ${problem}`);
      expect(line).not.toContain(KEY);
    }
  });

  it('has at most 8 MB, 100,000 rows and 100 keys for an id', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, index) => `${index},key`).join('\n');
    expect(usersIn(`${HEADER}\n${rows(100_000)}`)).toHaveLength(100_000);
    expect(problemsIn(withFile(`${HEADER}\n${rows(100_001)}`))[0]).toContain(
      'line 100002: the file has more than 100,000 rows. Leave out rows.',
    );
    const keys = (count: number) => Array.from({ length: count }, (_, index) => `1,key-${index}`).join('\n');
    expect(usersIn(`${HEADER}\n${keys(100)}`)[0]?.[1]).toHaveLength(100);
    expect(problemsIn(withFile(`${HEADER}\n${keys(101)}`))[0]).toContain(
      'line 102: its discord_id has more than 100 keys.',
    );
    expect(problemsIn(withFile(' '.repeat(8 * 1024 * 1024 + 1)))[0]).toContain('is larger than 8192 kB');
  });

  it('is mentioned if callers send their own keys', () => {
    const { LUAAUTH_TOKEN: _held, ...environment } = withFile(`${HEADER}\n1,${KEY}\n`);
    const { notes } = configOf(environment);
    expect(notes).toEqual([
      expect.stringMatching(/^USERS_FILE: set without LUAAUTH_TOKEN, so .* Set LUAAUTH_TOKEN/),
    ]);
    expect(notes.join()).not.toContain(KEY);
  });
});
