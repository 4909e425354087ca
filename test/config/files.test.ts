import { hash } from 'node:crypto';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configOf, problemsIn, useFolder } from '../support/gateways/configured.ts';

const SECRET = 'sentinel-5f0c';
const HELD = 'held-Wm4cB8vX1aNs';
const [ONE, TWO, THREE] = ['one-Vd8sK2mQ41xZ', 'two-n7Yw3RtC90pL', 'three-Jq6fH5bU2gTe'];

const KEY_ADVICE = 'Make one with "luaauth-graphql keys new --name NAME';

const folder = useFolder();

describe('a secret', () => {
  it('is read from the file that NAME_FILE names, without the line break at its end', () => {
    const { credentials } = configOf({
      LUAAUTH_TOKEN_FILE: folder.write('token', 'held\n'),
      GATEWAY_KEYS_FILE: folder.write('keys', `# of the team\n${ONE}\n\n${TWO},${THREE}  # the last\n`),
    });
    expect(credentials).toEqual({ heldKey: 'held', gatewayKeys: [ONE, TWO, THREE] });
  });

  it('is read from its variable without the line break at its end, but not from line breaks alone', () => {
    const { credentials } = configOf({ LUAAUTH_TOKEN: 'held\r\n', GATEWAY_KEYS: `${ONE}\n${TWO}\n` });
    expect(credentials).toEqual({ heldKey: 'held', gatewayKeys: [ONE, TWO] });
    for (const breaks of ['\n', '\n\n'])
      expect(problemsIn({ LUAAUTH_TOKEN: breaks, GATEWAY_KEYS: breaks })).toEqual([
        expect.stringMatching(/^LUAAUTH_TOKEN: the given value \(not shown\) must be/),
        expect.stringMatching(/^GATEWAY_KEYS: key 1 of \d \(not shown\) is empty/),
      ]);
  });

  it('is set in one place only', () => {
    const environment = { LUAAUTH_TOKEN: SECRET, LUAAUTH_TOKEN_FILE: folder.write('token', SECRET) };
    expect(problemsIn(environment)).toEqual([
      'LUAAUTH_TOKEN_FILE: LUAAUTH_TOKEN is set as well. Set one of the two.',
    ]);
  });

  it('is not taken for unset when its file is empty or cannot be read', () => {
    const empty = folder.write('empty', ' \n');
    const missing = join(folder.path, 'missing');
    expect(problemsIn({ LUAAUTH_TOKEN_FILE: empty, GATEWAY_KEYS_FILE: missing })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(empty)}: it is empty. Put the secret in it.`,
      `GATEWAY_KEYS_FILE: ${JSON.stringify(missing)}: the file does not exist (ENOENT). Give the path of a readable file.`,
    ]);
  });

  it('is not shown when the content of its file is malformed', () => {
    const token = folder.write('token', `a ${SECRET}`);
    expect(problemsIn({ LUAAUTH_TOKEN_FILE: token })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(token)}: its content must be 1 to 512 visible ASCII characters without spaces, and not a path. A variable whose name ends in _FILE takes the path of a file that holds the key.`,
    ]);
  });
});

describe('a file of gateway keys', () => {
  it.each([
    ['a list of YAML', 'keys:\n  - name: bot\n', 'has characters that are not allowed', KEY_ADVICE],
    ['a list of JSON', ' ["a", "b"]', 'holds JSON', 'Give it a name that ends in .json.'],
    ['comments alone', '# production\n\n  # staging\n', 'holds no key', 'Put a key in each line'],
    [
      'a key before a comment',
      'changeme # for now\n',
      ': key 1 of 1 (not shown) has 8 characters',
      KEY_ADVICE,
    ],
  ])('is refused in a file as well: %s', (_title, content, problem, advice) => {
    const GATEWAY_KEYS_FILE = folder.write('keys', content);
    const [line = '', ...others] = problemsIn({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS_FILE });
    expect(others).toEqual([]);
    expect(line.startsWith(`GATEWAY_KEYS_FILE: ${JSON.stringify(GATEWAY_KEYS_FILE)}`)).toBe(true);
    expect(line).toContain(problem);
    expect(line).toContain(advice);
  });

  it('may not have the hash of the held key', () => {
    const sha256 = hash('sha256', HELD);
    const text = JSON.stringify({ keys: [{ name: 'bot', sha256, scopes: ['*'] }] });
    const GATEWAY_KEYS_FILE = folder.write('keys.json', text);
    expect(problemsIn({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS_FILE })).toEqual([
      'GATEWAY_KEYS_FILE: one of the keys (not shown) is the value of LUAAUTH_TOKEN, which no caller may have. Make keys with "luaauth-graphql keys new".',
    ]);
  });
});

describe('a file that is named', () => {
  // Each read of this file gives another text.
  const CHANGING = '/proc/sys/kernel/random/uuid';
  it.runIf(existsSync(CHANGING))(
    'and may change has the value with which later looks at it are compared',
    () => {
      const { credentials, tokenFile } = configOf({ LUAAUTH_TOKEN_FILE: CHANGING });
      expect(credentials.heldKey).toMatch(/^[\w-]{36}$/);
      expect(tokenFile?.value).toBe(credentials.heldKey);
    },
  );

  it('is read up to 64 kB, and a list of documents up to 32 MB', () => {
    const key = Array.from({ length: 4 }, (_, index) => hash('sha512', `${index}`)).join('');
    const most = folder.write('most', Array.from({ length: 127 }, () => key).join('\n'));
    expect(configOf({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: most }).credentials.gatewayKeys).toHaveLength(
      127,
    );
    const more = folder.write('more', ' '.repeat(64 * 1024 + 1));
    const larger = folder.write('larger', ' '.repeat(32 * 1024 * 1024 + 1));
    expect(problemsIn({ LUAAUTH_TOKEN_FILE: more, PERSISTED_DOCUMENTS_FILE: larger })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(more)}: the file is larger than 64 kB. Give the path of a readable file.`,
      `PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(larger)}: the file is larger than 32768 kB. Give the path of a readable file.`,
    ]);
  });

  it('may be a link to one, or one without a size', () => {
    const link = join(folder.path, 'link');
    symlinkSync(folder.write('token', 'held'), link);
    expect(configOf({ LUAAUTH_TOKEN_FILE: link }).credentials.heldKey).toBe('held');
    if (existsSync('/proc/sys/kernel/ostype')) {
      expect(configOf({ LUAAUTH_TOKEN_FILE: '/proc/sys/kernel/ostype' }).credentials.heldKey).toBe('Linux');
    }
  });
});
