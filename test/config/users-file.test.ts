import { join } from 'node:path';
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
  it.each<[what: string, content: string, problem: string]>([
    [
      'nothing',
      '',
      'line 1: it does not name the columns. Begin the file with the line discord_id,user_key.',
    ],
    ['no header', `1,${KEY}\n`, 'line 1: it does not name the columns.'],
    ['a misspelt header', `discord,user_key\n1,${KEY}\n`, 'line 1: it does not name the columns.'],
    ['JSON', `{"1": "${KEY}"}`, 'line 1: it does not name the columns.'],
    [
      'a key in the column of ids',
      `${HEADER}\n1,a\n${KEY},1\n`,
      'line 3: its discord_id is not a Discord id. Give 1 to 32 digits. Spreadsheets',
    ],
    ['a rounded id', `${HEADER}\n3.65843E+17,${KEY}\n`, 'line 2: its discord_id is not a Discord id.'],
    ['no id', `${HEADER}\n,${KEY}\n`, 'line 2: its discord_id is not a Discord id.'],
    [
      'an id of 33 digits',
      `${HEADER}\n${'9'.repeat(33)},${KEY}\n`,
      'line 2: its discord_id is not a Discord id.',
    ],
    [
      'what is no key',
      `${HEADER}\n\n1,../${KEY}\n`,
      'line 3: its user_key is not a licence key. A licence key is 1 to 128 letters',
    ],
    ['no key', `${HEADER}\n1,\n`, 'line 2: its user_key is not a licence key.'],
    ['a cell too many', `${HEADER}\n1,a\n2,${KEY},x\n`, 'line 3: it has 3 cells, and the header has 2.'],
    ['a cell too few', `${HEADER}\n1\n`, 'line 2: it has 1 cells, and the header has 2.'],
    ['an open quote', `${HEADER}\n"1,${KEY}\n`, 'line 2: its quotes are wrong.'],
    ['several problems', `${HEADER}\nx,a\n1,a\ny,b\nz,c\n`, 'column of text. Further rows with problems: 2.'],
  ])('is refused with %s, by the number of the line and without a cell', (_what, content, problem) => {
    const environment = withFile(content);
    const [line = '', ...others] = problemsIn(environment);
    expect(others).toEqual([]);
    expect(line.startsWith(`USERS_FILE: ${JSON.stringify(environment.USERS_FILE)}: line `)).toBe(true);
    expect(line).toContain(problem);
    expect(line).not.toContain(KEY);
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

  it('is refused if it cannot be read', () => {
    const USERS_FILE = join(folder.path, 'missing.csv');
    expect(problemsIn({ LUAAUTH_TOKEN: 'held', USERS_FILE })).toEqual([
      `USERS_FILE: ${JSON.stringify(USERS_FILE)}: the file does not exist (ENOENT). Give the path of a readable file.`,
    ]);
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
