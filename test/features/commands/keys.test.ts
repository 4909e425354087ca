import { chmodSync, chownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../support/clients/keys.ts';
import { useCommands } from '../../support/processes/commands-here.ts';

const SENTINEL = 'sentinel-key-of-somebody-61bf';
const { run, at, file } = useCommands();

const make = (name: string, ...more: string[]) => run(['keys', 'new', '--name', name, ...more]);
const toFile = () => ['--file', at('keys.json')];
const textOf = () => readFileSync(at('keys.json'), 'utf8');

describe('keys new', () => {
  it('prints the key alone on stdout, and an entry that has its hash on stderr', async () => {
    const { code, stdout, stderr } = await make('bot', '--scopes', 'scripts:read,users:read');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^luagw_[\w-]{43}\n$/)]);
    expect(stderr).toMatch(/^The key is shown only this time\.\n/);
    expect(stderr).not.toContain(stdout.trim());
    expect(JSON.parse(stderr.slice(stderr.indexOf('{')))).toEqual({
      name: 'bot',
      sha256: sha256(stdout.trim()),
      scopes: ['scripts:read', 'users:read'],
    });
  });

  it('adds to a file, and adds a second key to an entry', async () => {
    const added = await make('bot', '--scopes', 'scripts:read', ...toFile());
    const more = ['--scripts', 'a, b', '--rate', '5', '--expires-at', '2027-01-01T00:00:00Z'];
    await make('other', '--scopes', 'sessions:read', ...toFile(), ...more);
    const rotated = await make('bot', '--rotate', ...toFile());
    expect(JSON.parse(textOf()).keys).toEqual([
      {
        name: 'bot',
        sha256: [sha256(added.stdout.trim()), sha256(rotated.stdout.trim())],
        scopes: ['scripts:read'],
      },
      {
        name: 'other',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        scopes: ['sessions:read'],
        scripts: ['a', 'b'],
        rate: 5,
        expiresAt: '2027-01-01T00:00:00Z',
      },
    ]);
    expect(added.stderr).toBe(
      'keys.json has the hash of this key, which is shown only this time. A running gateway accepts it within two seconds.\n',
    );
    expect(statSync(at('keys.json')).mode & 0o777).toBe(0o600);
  });

  it('keeps the owner and the mode of a file', async () => {
    await make('bot', '--scopes', '*', ...toFile());
    const [own = 0, group = 0] = [process.getuid?.(), process.getgid?.()];
    // Only root can give a file away.
    const [uid, gid] = own === 0 ? [65_534, 65_534] : [own, group];
    chownSync(at('keys.json'), uid, gid);
    chmodSync(at('keys.json'), 0o664);
    await make('bot', '--rotate', ...toFile());
    expect(statSync(at('keys.json'))).toMatchObject({ uid, gid, mode: 0o100_664 });
  });

  it.each([
    [
      ['new', '--name', 'x', '--scopes', 'scripts:raed'],
      /^--scopes: "scripts:raed": must be one of .*scripts:read/,
    ],
    [['new', '--name', 'x', '--scopes', '*', '--rate', 'x'], /^--rate: "x": must be a whole number/],
    [['new', '--name', 'x', '--scopes', '*', '--expires-at', 'x'], /^--expires-at: "x": must be an instant/],
    [['new', '--name', 'x'], /^--scopes is missing/],
    [['new', '--name', 'a b', '--scopes', '*'], /^--name: "a b": must be/],
    [['new', '--name', 'x', '--scopes', '*', '--projects', 'p'], /^--scopes has \* beside a list/],
    [['new', '--name', 'x', '--rotate'], /^--rotate needs --file/],
    [
      ['new', '--name', 'x', '--scopes', '*', '--file', 'keys.txt'],
      /^keys.txt: the name of a keys file must end in/,
    ],
  ])('ends with 1 and says why: %j', async (args, problem) => {
    const { code, stdout, stderr } = await run(['keys', ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(problem);
  });

  it.each(['--scopes', '--scripts', '--projects', '--rate', '--expires-at'])(
    'refuses %s with --rotate, which changes nothing but the key',
    async (flag) => {
      await make('bot', '--scopes', '*', ...toFile());
      const before = textOf();
      const { code, stdout, stderr } = await make('bot', '--rotate', flag, '1', ...toFile());
      expect([code, stdout, textOf()]).toEqual([2, '', before]);
      expect(stderr).toContain(`'--rotate' cannot be used with option '${flag}`);
    },
  );

  it('says that no gateway accepts the key if its entry has expired', async () => {
    const end = ['--scopes', '*', '--expires-at', '2020-01-01T00:00:00Z'];
    for (const more of [end, [...end, ...toFile()], ['--rotate', ...toFile()]]) {
      const { code, stderr } = await make('bot', ...more);
      expect(code).toBe(0);
      expect(stderr).toContain(
        'No gateway accepts the key, because its entry expired at 2020-01-01T00:00:00Z',
      );
      expect(stderr).not.toContain('within two seconds');
    }
  });

  it('keeps the key before a new one, ends an older one, and says so', async () => {
    const keys = [await make('bot', '--scopes', '*', ...toFile())];
    for (const _round of [1, 2]) keys.push(await make('bot', '--rotate', ...toFile()));
    const [, before, last] = keys.map(({ stdout }) => sha256(stdout.trim()));
    expect(JSON.parse(textOf()).keys).toMatchObject([{ name: 'bot', sha256: [before, last] }]);
    expect(
      keys.map(({ stderr }) => / The key before it stays valid, and an older one has ended\./.test(stderr)),
    ).toEqual([false, true, true]);
  });

  it('has changed the file for each key that it prints, also when several run at once', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
    const all = await Promise.all(names.map((name) => make(name, '--scopes', '*', ...toFile())));
    const printed = all.filter(({ code }) => code === 0).map(({ stdout }) => sha256(stdout.trim()));
    const { keys } = JSON.parse(textOf()) as { keys: { sha256: string }[] };
    expect(keys.map((key) => key.sha256).sort()).toEqual(printed.sort());
    for (const { stdout, stderr } of all.filter(({ code }) => code !== 0)) {
      expect(stdout).toBe('');
      expect(stderr).toContain('is being changed by another command: try again in a moment');
    }
    expect(readdirSync(at(''))).toEqual(['keys.json']);
    const missed = await make('x', '--scopes', '*', '--file', at('none/keys.json'));
    expect(missed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(ENOENT)') });
  });

  it('changes no file for a key that it cannot show', async () => {
    await make('bot', '--scopes', '*', ...toFile());
    const before = textOf();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(full) }).on(
      'error',
      () => undefined,
    );
    const args = ['keys', 'new', '--name', 'bot', '--rotate', ...toFile()];
    const { code, stderr } = await run(args, { stdout });
    expect([code, stderr]).toEqual([1, 'The key cannot be shown (ENOSPC): keys.json is unchanged.\n']);
    expect([textOf(), readdirSync(at(''))]).toEqual([before, ['keys.json']]);
  });

  it('leaves a file with problems as it is, shows no hash, lists a hundred of them, and escapes what a terminal obeys', async () => {
    const wrong = { name: 'x', sha256: SENTINEL, scopes: ['\u009b31m\u202e'] };
    const text = JSON.stringify({ keys: [wrong, ...Array.from({ length: 1_000 }, () => 0)] });
    const { code, stdout, stderr } = await make('y', '--scopes', '*', '--file', file('keys.json', text));
    expect([code, stdout, textOf()]).toEqual([1, '', text]);
    expect(stderr).toContain('keys[0].sha256');
    expect(stderr).not.toContain(SENTINEL);
    expect(stderr).toContain('"\\u009b31m\\u202e"');
    expect([stderr.trimEnd().split('\n').length, stderr]).toEqual([101, expect.stringContaining('902 more')]);
  });
});

const keysOf = (command: string, ...args: string[]) => run(['keys', command, ...args]);

describe('keys list', () => {
  it('shows what each key may do and when it ends, and no hash', async () => {
    await make(
      'bot',
      '--scopes',
      'scripts:read,users:read',
      '--expires-at',
      '2020-01-01T00:00:00Z',
      ...toFile(),
    );
    const limits = [
      '--scripts',
      'a,b',
      '--projects',
      'p',
      '--rate',
      '5',
      '--expires-at',
      '2099-01-01T00:00:00Z',
    ];
    await make('other', '--scopes', 'sessions:read', ...limits, ...toFile());
    await make('other', '--rotate', ...toFile());
    const before = textOf();
    expect(await keysOf('list', ...toFile())).toEqual({
      code: 0,
      stdout: [
        'bot',
        '  scopes   scripts:read, users:read',
        '  ends     2020-01-01T00:00:00Z, which is over',
        'other',
        '  scopes   sessions:read',
        '  scripts  a, b',
        '  projects p',
        '  rate     5 REST calls per second',
        '  ends     2099-01-01T00:00:00Z',
        '  keys     two, of which the next --rotate ends the older one',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(textOf()).toBe(before);
  });
});

describe('keys revoke', () => {
  it('removes one key, also the last one, and keeps the others', async () => {
    await make('bot', '--scopes', '*', ...toFile());
    await make('other', '--scopes', 'sessions:read', ...toFile());
    const revoked = await keysOf('revoke', 'bot', ...toFile());
    expect(revoked).toEqual({
      code: 0,
      stdout: '',
      stderr:
        'keys.json has no key bot any more. A running gateway refuses it within two seconds, and ends its live data.\n',
    });
    expect(JSON.parse(textOf())).toMatchObject({ keys: [{ name: 'other' }] });
    await keysOf('revoke', 'other', ...toFile());
    expect(JSON.parse(textOf())).toEqual({ keys: [] });
    expect((await keysOf('list', ...toFile())).stderr).toBe('keys.json has no keys.\n');
  });

  it.each([
    [
      'revoke',
      ['nobody', '--file', 'keys.json'],
      1,
      /^keys.json has no key with the name "nobody". There are bot.\n$/,
    ],
    ['revoke', ['bot', '--file', 'none.json'], 1, /^none.json: the file does not exist/],
    ['revoke', ['bot', '--file', 'keys.txt'], 1, /^keys.txt: the name of a keys file must end in/],
    ['revoke', ['bot'], 2, /--file <path>' not specified/],
    ['revoke', ['--file', 'keys.json'], 2, /missing required argument 'name'/],
    ['list', ['--file', 'none.json'], 1, /^none.json: the file does not exist/],
    ['list', ['--file', 'keys.txt'], 1, /^keys.txt: the name of a keys file must end in/],
  ])('changes nothing, and says why: keys %s %j', async (command, args, code, problem) => {
    await make('bot', '--scopes', '*', ...toFile());
    const before = textOf();
    const ended = await keysOf(command, ...args.map((arg) => (/\.\w+$/.test(arg) ? at(arg) : arg)));
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(problem) });
    expect([textOf(), readdirSync(at(''))]).toEqual([before, ['keys.json']]);
  });
});
