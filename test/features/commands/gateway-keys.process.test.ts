import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unwatchFile,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import * as features from '../../../src/features/process-features.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { openKeys } from '../../../src/server/watched-files.ts';
import { bearer, entriesOf, keysFile, ringOf, sha256 } from '../../support/clients/keys.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';
import { openGateway } from '../../support/gateways/gateway.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { scriptId: id } = seeded;
const SENTINEL = 'sentinel-key-of-somebody-61bf';

let directory: string;
const started: GatewayProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-keys-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.kill()));
  rmSync(directory, { recursive: true });
});

function file(text: string, name = 'keys.json'): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function start(
  variables: Record<string, string>,
  args: readonly string[] = [],
  stdout: 'pipe' | number = 'pipe',
): GatewayProcess {
  const process = startProcess({ PORT: '0', ...variables }, () => undefined, args, stdout);
  started.push(process);
  return process;
}

const { run } = useCommandLine();

/** Runs a command in a process of its own. */
async function runAlone(args: readonly string[]) {
  const process = start({}, args);
  return { code: await process.ended, ...process.output };
}

describe('a file of keys', () => {
  const problemsOf = (text: string) => {
    const path = file(text);
    const result = readConfig({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: path });
    const problems = 'problems' in result ? result.problems : [];
    return problems.map((line) => line.replace(`GATEWAY_KEYS_FILE: ${JSON.stringify(path)}: `, ''));
  };
  const good = { name: 'good', sha256: sha256('a'), scopes: ['scripts:read'] };

  it('is read as a whole', () => {
    const path = file(
      keysFile([
        { name: 'dashboard' },
        {
          name: 'support-bot',
          sha256: [sha256('old').toUpperCase(), sha256('new')],
          scopes: ['scripts:read', 'sessions:write'],
          scripts: ['a'],
          projects: ['b'],
          rate: 10,
          expiresAt: '2027-01-01T00:00:00Z',
        },
      ]),
    );
    const result = readConfig({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: path, HOST: '0.0.0.0' });
    expect(result).toMatchObject({ config: { keysFile: { path } } });
    expect('config' in result && result.config.keysFile?.entries).toEqual([
      { name: 'dashboard', sha256: [sha256('dashboard')] },
      {
        name: 'support-bot',
        sha256: [sha256('old'), sha256('new')],
        scopes: new Set(['scripts:read', 'sessions:write']),
        scripts: new Set(['a']),
        projects: new Set(['b']),
        rate: 10,
        expiresAt: new Date('2027-01-01T00:00:00Z'),
      },
    ]);
  });

  it('has every problem named, each with its place, and no hash shown', () => {
    const problems = problemsOf(
      JSON.stringify({
        keys: [
          { ...good, scope: ['*'] },
          { name: 'two words', sha256: SENTINEL, scopes: [] },
          { name: 'typo', sha256: [sha256('b'), sha256('c'), sha256('d')], scopes: ['scripts:raed', 7] },
          { name: 'lists', sha256: sha256('e'), scopes: ['scripts:read'], scripts: ['../..'], projects: [] },
          { name: 'numbers', sha256: sha256('f'), scopes: ['*'], rate: 0, expiresAt: 'tomorrow' },
          {},
          'text',
        ],
        more: 1,
      }),
    );
    const hashes = 'the SHA-256 of a key, 64 hex digits, or a list of one or two different ones.';
    const scopes = /one of scripts:read, .*, secrets:read, \*\./.source;
    expect(problems).toEqual([
      'more: there is no such member. There are keys.',
      'keys[0] (good).scope: there is no such member. Did you mean scopes?',
      'keys[1].name: "two words": must be 1 to 64 letters, digits or any of _ . -, the first a letter or digit.',
      `keys[1].sha256: the given value (not shown) must be ${hashes}`,
      'keys[1].scopes: an empty list: must be a list of 1 to 100 scopes.',
      `keys[2] (typo).sha256: the given value (not shown) must be ${hashes}`,
      expect.stringMatching(
        `^keys\\[2\\] \\(typo\\).scopes\\[0\\]: "scripts:raed": must be ${scopes} Did you mean scripts:read\\?$`,
      ),
      expect.stringMatching(`^keys\\[2\\] \\(typo\\).scopes\\[1\\]: 7: must be ${scopes}$`),
      expect.stringMatching(/^keys\[3\] \(lists\)\.scripts\[0\]: "\.\.\/\.\.": must be an id: /),
      'keys[3] (lists).projects: an empty list: must be a list of 1 to 10000 ids.',
      'keys[4] (numbers).rate: 0: must be a whole number from 1 to 100000.',
      'keys[4] (numbers).expiresAt: "tomorrow": must be an instant such as 2027-01-01T00:00:00Z.',
      'keys[5].name: missing. It must be 1 to 64 letters, digits or any of _ . -, the first a letter or digit.',
      `keys[5].sha256: missing. It must be ${hashes}`,
      'keys[5].scopes: missing. It must be a list of 1 to 100 scopes.',
      expect.stringMatching(/^keys\[6\]: "text": must be an object with some of the members name, sha256, /),
    ]);
    expect(problems.join()).not.toContain(SENTINEL);
  });

  it.each([
    ['{', 'the file is no object of JSON. Write an object such as {"keys": [...]}.'],
    ['[]', 'the file is no object of JSON. Write an object such as {"keys": [...]}.'],
    ['{}', 'keys: missing. It must be a list of keys.'],
    ...['2027-02-30T00:00:00Z', '2027-01-01', '2027-01-01T25:00:00Z', '1 January 2027'].map((expiresAt) => [
      JSON.stringify({ keys: [{ ...good, expiresAt }] }),
      `keys[0] (good).expiresAt: "${expiresAt}": must be an instant such as 2027-01-01T00:00:00Z.`,
    ]),
    [
      JSON.stringify({ keys: [good, { ...good, name: 'b' }] }),
      'keys[1] (b).sha256 is the same as in keys[0].',
    ],
    [
      JSON.stringify({ keys: [good, { ...good, sha256: sha256('b') }] }),
      'keys[1] (good).name is the same as in keys[0].',
    ],
    [
      JSON.stringify({ keys: [{ ...good, sha256: [sha256('b'), sha256('b')] }] }),
      'keys[0] (good).sha256: the given value (not shown) must be the SHA-256 of a key, 64 hex digits, or a list of one or two different ones.',
    ],
    [
      JSON.stringify({ keys: [{ ...good, scopes: ['scripts:read', 'users:read'], projects: ['a'] }] }),
      'keys[0] (good).scopes has users:read beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out users:read, or leave out the list.',
    ],
    [
      JSON.stringify({ keys: [{ ...good, scopes: ['*'], scripts: ['a'] }] }),
      'keys[0] (good).scopes has * beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out * and list the other scopes, or leave out the list.',
    ],
  ])('is refused for %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('needs a key that it protects, and stands alone', () => {
    const GATEWAY_KEYS_FILE = file(keysFile([{ name: 'a' }]));
    expect(readConfig({ GATEWAY_KEYS_FILE })).toMatchObject({
      problems: [
        'GATEWAY_KEYS_FILE: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_KEYS_FILE out.',
      ],
    });
    expect(readConfig({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS: 'a', GATEWAY_KEYS_FILE })).toEqual({
      problems: ['GATEWAY_KEYS_FILE: GATEWAY_KEYS is set as well. Set one of the two.'],
    });
    const missing = join(directory, 'missing.json');
    expect(readConfig({ LUAAUTH_TOKEN: 'held', HOST: '0.0.0.0', GATEWAY_KEYS_FILE: missing })).toEqual({
      problems: [
        `GATEWAY_KEYS_FILE: ${JSON.stringify(missing)}: the file does not exist (ENOENT). Give the path of a readable file.`,
      ],
    });
  });
});

describe('a gateway that knows keys by their hashes', () => {
  let now = Date.parse('2026-06-01T00:00:00Z');
  const keyRing = ringOf(
    [
      { name: 'rotating', sha256: [sha256('old-key'), sha256('new-key')] },
      { name: 'temporary', expiresAt: '2026-07-01T02:00:00+02:00' },
    ],
    () => now,
  );
  const fixture = useSandbox({ shared: true, gateway: { credentials: { heldKey: 'sandbox-key', keyRing } } });
  const ask = (key: string) => fixture.gateway.execute(SCRIPT, { id }, bearer(key));

  it.each(['old-key', 'new-key'])('takes both keys of one that is being changed: %s', async (key) => {
    expect((await ask(key)).data?.script?.name).toBe('Nightfall Hub');
    expect(fixture.sandbox.calls.map(({ headers }) => headers.token)).toEqual(['sandbox-key']);
  });

  it.each(['rotating', sha256('old-key'), '', 'old-key '])('takes no other: %j', async (key) => {
    const { errors } = await ask(key.trimEnd() === 'old-key' ? 'old-key2' : key);
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    expect(fixture.lines()).toEqual([]);
  });

  it('takes one until it expires, and says so then', async () => {
    now = Date.parse('2026-06-30T23:59:59.999Z');
    expect((await ask('temporary')).errors).toBeUndefined();
    now = Date.parse('2026-07-01T00:00:00Z');
    fixture.sandbox.reset();
    const { errors } = await ask('temporary');
    expect(errors).toMatchObject([
      expect.toBeError('UNAUTHENTICATED', {
        path: ['script'],
        message: 'This gateway key has expired. Ask the operator of the gateway for a new one.',
      }),
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('takes others from one request to the next', async () => {
    expect((await ask('later')).errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    keyRing.replace(entriesOf([{ name: 'later' }]));
    expect((await ask('later')).errors).toBeUndefined();
    expect((await ask('old-key')).errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
  });
});

describe('keys in a list', () => {
  const gatewayKeys = ['dashboard=key-of-the-dashboard', 'cGFkZGVk==', 'plain', 'a=b=c'];
  const fixture = useSandbox({
    shared: true,
    gateway: { credentials: { heldKey: 'sandbox-key', gatewayKeys } },
  });

  it.each(['key-of-the-dashboard', 'cGFkZGVk==', 'plain', 'b=c'])(
    'may have names before them: %s',
    async (key) => {
      expect((await fixture.gateway.execute(SCRIPT, { id }, bearer(key))).errors).toBeUndefined();
    },
  );

  it.each(['dashboard', 'dashboard=key-of-the-dashboard', 'cGFkZGVk', 'a', 'a=b=c'])(
    'are keys without their names: %s is none',
    async (key) => {
      const { errors } = await fixture.gateway.execute(SCRIPT, { id }, bearer(key));
      expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    },
  );
});

describe('a file of keys that changes while the gateway starts', () => {
  const fixture = useSandbox();

  it('is known as it is once it is watched', async () => {
    const path = file(keysFile([{ name: 'revoked' }]));
    const read = readConfig({ LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS_FILE: path });
    if ('problems' in read) throw new Error(read.problems.join());
    file(keysFile([{ name: 'added' }]));
    const credentials = await openKeys(read.config, features, {
      info: () => undefined,
      warn: () => undefined,
    });
    unwatchFile(path);
    const gateway = await openGateway({ upstream: fixture.sandbox.url, credentials });
    expect((await gateway.execute(SCRIPT, { id }, bearer('added'))).errors).toBeUndefined();
    const { errors } = await gateway.execute(SCRIPT, { id }, bearer('revoked'));
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    await gateway.close();
  });
});

describe('the process', () => {
  vi.setConfig({ testTimeout: 60_000 });
  const codesOf = async (url: string, key: string): Promise<string> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(key) },
      body: JSON.stringify({ query: `{ script(id: "${id}") { name } }` }),
    });
    const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    return errors.map(({ extensions }) => extensions.code).join() || 'ok';
  };

  it('reads its file of keys again when it changes and on SIGHUP, and no request under way fails', async () => {
    const path = file(keysFile([{ name: 'steady' }, { name: 'first', sha256: sha256(`first-${SENTINEL}`) }]));
    const gateway = start({ LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS_FILE: path, LUAAUTH_RATE: '0' });
    const url = await gateway.listening();
    let isOver = false;
    const outcomes = new Map<string, number>();
    const keepAsking = async () => {
      while (!isOver) {
        const outcome = await codesOf(url, 'steady');
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const asking = [keepAsking(), keepAsking()];

    expect(await codesOf(url, `first-${SENTINEL}`)).toBe('ok');
    file(keysFile([{ name: 'steady' }, { name: 'second', sha256: sha256(`second-${SENTINEL}`) }]));
    await eventually(async () => expect(await codesOf(url, `second-${SENTINEL}`)).toBe('ok'));
    expect(await codesOf(url, `first-${SENTINEL}`)).toBe('UNAUTHENTICATED');

    file('{ "keys": [');
    gateway.signal('SIGHUP');
    await eventually(() => expect(gateway.output.stdout).toContain('is refused'));
    expect(gateway.output.stdout).toContain('the file is no object of JSON');
    expect(await codesOf(url, `second-${SENTINEL}`)).toBe('ok');

    file(keysFile([{ name: 'steady' }, { name: 'third' }]));
    gateway.signal('SIGHUP');
    await eventually(async () => expect(await codesOf(url, 'third')).toBe('ok'));
    expect(await codesOf(url, `second-${SENTINEL}`)).toBe('UNAUTHENTICATED');

    isOver = true;
    await Promise.all(asking);
    expect([...outcomes.keys()]).toEqual(['ok']);
    expect(outcomes.get('ok')).toBeGreaterThan(2);
    expect(gateway.output.stdout + gateway.output.stderr).not.toContain(SENTINEL);
  });
});

describe('luaauth-graphql keys', () => {
  vi.setConfig({ testTimeout: 60_000 });

  it('new prints a key once, with an entry that only has its hash', async () => {
    const { code, stdout } = await run([
      'keys',
      'new',
      '--name',
      'bot',
      '--scopes',
      'scripts:read,users:read',
    ]);
    expect(code).toBe(0);
    const [key = ''] = stdout.split('\n');
    expect(key).toMatch(/^luagw_[\w-]{43}$/);
    expect(stdout.split(key)).toHaveLength(2);
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual({
      name: 'bot',
      sha256: sha256(key),
      scopes: ['scripts:read', 'users:read'],
    });
  });

  it('new adds to a file, and a key is changed for a new one beside the old', async () => {
    const path = join(directory, 'keys.json');
    const added = await run(['keys', 'new', '--name', 'bot', '--scopes', 'scripts:read', '--file', path]);
    const more = ['--scripts', 'a, b', '--rate', '5', '--expires-at', '2027-01-01T00:00:00Z'];
    await run(['keys', 'new', '--name', 'other', '--scopes', 'sessions:read', '--file', path, ...more]);
    const rotated = await run(['keys', 'new', '--name', 'bot', '--rotate', '--file', path]);
    const keyIn = ({ stdout }: { stdout: string }) => stdout.split('\n', 1)[0] ?? '';
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text).keys).toEqual([
      { name: 'bot', sha256: [sha256(keyIn(added)), sha256(keyIn(rotated))], scopes: ['scripts:read'] },
      {
        name: 'other',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        scopes: ['sessions:read'],
        scripts: ['a', 'b'],
        rate: 5,
        expiresAt: '2027-01-01T00:00:00Z',
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { stdout } = await run(['keys', 'check', path]);
    expect(stdout).toContain(`${path}: 2 keys`);
    expect(stdout).toMatch(/^bot\n {2}may {3}scripts:read {4}read scripts/m);
    expect(stdout).toMatch(/^ {2}only {2}the scripts a, b$/m);
    expect(stdout).toMatch(/^ {2}rate {2}5 REST calls per second$/m);
  });

  it('new leaves a file to its owner, and to those who may read it', async () => {
    const path = join(directory, 'keys.json');
    await run(['keys', 'new', '--name', 'bot', '--scopes', '*', '--file', path]);
    const [own = 0, group = 0] = [process.getuid?.(), process.getgid?.()];
    // Root alone can give a file away, and keeps no key from its gateway by that.
    const [uid, gid] = own === 0 ? [65_534, 65_534] : [own, group];
    chownSync(path, uid, gid);
    chmodSync(path, 0o664);
    await run(['keys', 'new', '--name', 'bot', '--rotate', '--file', path]);
    expect(statSync(path)).toMatchObject({ uid, gid, mode: 0o100_664 });
  });

  it.each([
    [
      ['new', '--name', 'x', '--scopes', 'scripts:raed'],
      'keys[0] (x).scopes[0]: "scripts:raed": must be one of',
    ],
    [['new', '--name', 'x'], '--scopes is missing'],
    [['new', '--name', 'a b', '--scopes', '*'], 'keys[0].name: "a b": must be 1 to 64 letters'],
    [['new', '--name', 'x', '--scopes', '*', '--projects', 'p'], '* beside a list'],
    [['new', '--name', 'x', '--rotate'], '--rotate needs --file'],
    [
      ['new', '--name', 'x', '--scopes', '*', '--file', 'keys.txt'],
      'keys.txt: the name of a keys file must end in .json',
    ],
    [['check', 'keys.txt'], 'keys.txt: the name of a keys file must end in .json'],
  ])('%j ends with 1 and says why', async (args, problem) => {
    const { code, stdout, stderr } = await run(['keys', ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(problem);
  });

  it.each(['--scopes', '--scripts', '--projects', '--rate', '--expires-at'])(
    'new takes no %s with --rotate, which changes nothing but the key',
    async (flag) => {
      const path = join(directory, 'keys.json');
      await run(['keys', 'new', '--name', 'bot', '--scopes', '*', '--file', path]);
      const before = readFileSync(path, 'utf8');
      const rotate = ['keys', 'new', '--name', 'bot', '--rotate', flag, '1', '--file', path];
      const { code, stdout, stderr } = await run(rotate);
      expect([code, stdout, readFileSync(path, 'utf8')]).toEqual([2, '', before]);
      expect(stderr).toContain(`'--rotate' cannot be used with option '${flag}`);
    },
  );

  it('new says that no gateway accepts the key if its entry has expired', async () => {
    const path = join(directory, 'keys.json');
    const begin = ['keys', 'new', '--name', 'bot'];
    const end = ['--scopes', '*', '--expires-at', '2020-01-01T00:00:00Z'];
    const said = 'No gateway accepts the key, because its entry expired at 2020-01-01T00:00:00Z';
    for (const more of [end, [...end, '--file', path], ['--rotate', '--file', path]]) {
      const { code, stdout } = await run([...begin, ...more]);
      expect([code, stdout]).toEqual([0, expect.stringContaining(said)]);
      expect(stdout).not.toContain('within two seconds');
    }
  });

  it('new says that the oldest key has ended when there were two', async () => {
    const path = join(directory, 'keys.json');
    await run(['keys', 'new', '--name', 'bot', '--scopes', '*', '--file', path]);
    expect((await run(['keys', 'check', path])).stdout).toContain(`${path}: 1 key\n`);
    const again = () => run(['keys', 'new', '--name', 'bot', '--rotate', '--file', path]);
    const ended = 'The oldest key with this name has ended.';
    expect((await again()).stdout).not.toContain(ended);
    expect((await again()).stdout).toContain(ended);
  });

  it('new has changed the file for each key that it prints, also when several run at once', async () => {
    const path = join(directory, 'keys.json');
    const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
    const all = await Promise.all(
      names.map((name) => runAlone(['keys', 'new', '--name', name, '--scopes', '*', '--file', path])),
    );
    const printed = all
      .filter(({ code }) => code === 0)
      .map(({ stdout }) => sha256(stdout.split('\n', 1)[0] ?? ''));
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: { sha256: string }[] };
    expect(keys.map((key) => key.sha256).sort()).toEqual(printed.sort());
    for (const { code, stdout, stderr } of all.filter(({ code }) => code !== 0)) {
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('is being changed by another command: try again in a moment');
    }
    expect(readdirSync(directory)).toEqual(['keys.json']);
    const nowhere = join(directory, 'none', 'keys.json');
    const missed = await run(['keys', 'new', '--name', 'x', '--scopes', '*', '--file', nowhere]);
    expect(missed).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('cannot be written (ENOENT)'),
    });
  });

  it.runIf(existsSync('/dev/full'))('new changes no file for a key that it cannot show', async () => {
    const path = join(directory, 'keys.json');
    await run(['keys', 'new', '--name', 'bot', '--scopes', '*', '--file', path]);
    const before = readFileSync(path, 'utf8');
    const full = openSync('/dev/full', 'w');
    const rotating = start({}, ['keys', 'new', '--name', 'bot', '--rotate', '--file', path], full);
    expect(await rotating.ended).toBe(1);
    closeSync(full);
    expect(rotating.output.stderr).toContain(`The key cannot be shown (ENOSPC): ${path} is unchanged`);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(directory)).toEqual(['keys.json']);
  });

  it('check tells no more problems than anybody reads', async () => {
    const path = file(JSON.stringify({ keys: Array.from({ length: 1_000 }, () => 0) }));
    const { code, stderr } = await run(['keys', 'check', path]);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(101);
    expect(stderr).toContain('900 more problems.');
  });

  it('leaves a file that is not in order as it is', async () => {
    const path = file(JSON.stringify({ keys: [{ name: 'x', sha256: SENTINEL, scopes: ['*'] }] }));
    const before = readFileSync(path, 'utf8');
    for (const args of [
      ['new', '--name', 'y', '--scopes', '*', '--file', path],
      ['check', path],
    ]) {
      const { code, stdout, stderr } = await run(['keys', ...args]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('keys[0] (x).sha256');
      expect(stderr).not.toContain(SENTINEL);
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
