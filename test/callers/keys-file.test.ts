import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { bearer, entriesOf, keysFile, ringOf, sha256 } from '../support/clients/keys.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { configOf, problemsIn, useFolder } from '../support/gateways/configured.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const { scriptId: id } = seeded;
const SENTINEL = 'sentinel-key-of-somebody-61bf';

const folder = useFolder();

describe('a file of keys', () => {
  const problemsOf = (text: string) => {
    const path = folder.write('keys.json', text);
    const problems = problemsIn({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: path });
    return problems.map((line) => line.replace(`GATEWAY_KEYS_FILE: ${JSON.stringify(path)}: `, ''));
  };
  const good = { name: 'good', sha256: sha256('a'), scopes: ['scripts:read'] };

  it('is read as a whole', () => {
    const path = folder.write(
      'keys.json',
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
    const { keysFile: read } = configOf({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: path, HOST: '0.0.0.0' });
    expect(read?.path).toBe(path);
    expect(read?.value).toEqual([
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
    const scopes = /one of scripts:read, .*, metrics:read, \*\./.source;
    expect(problems).toEqual([
      'more: there is no such member. There are keys.',
      'keys[0].scope: there is no such member. There are name, sha256, scopes, scripts, projects, rate, expiresAt.',
      'keys[1].name: "two words": must be 1 to 64 letters, digits or any of _ . -, the first a letter or digit.',
      `keys[1].sha256: the given value (not shown) must be ${hashes}`,
      'keys[1].scopes: an empty list: must be a list of 1 to 100 scopes.',
      `keys[2].sha256: the given value (not shown) must be ${hashes}`,
      expect.stringMatching(`^keys\\[2\\].scopes\\[0\\]: "scripts:raed": must be ${scopes}$`),
      expect.stringMatching(`^keys\\[2\\].scopes\\[1\\]: 7: must be ${scopes}$`),
      expect.stringMatching(/^keys\[3\]\.scripts\[0\]: "\.\.\/\.\.": must be an id: /),
      'keys[3].projects: an empty list: must be a list of 1 to 10000 ids.',
      'keys[4].rate: 0: must be a whole number from 1 to 100000.',
      'keys[4].expiresAt: "tomorrow": must be an instant such as 2027-01-01T00:00:00Z.',
      'keys[5].name: missing. It must be 1 to 64 letters, digits or any of _ . -, the first a letter or digit.',
      `keys[5].sha256: missing. It must be ${hashes}`,
      'keys[5].scopes: missing. It must be a list of 1 to 100 scopes.',
      expect.stringMatching(/^keys\[6\]: "text": must be an object with some of the members name, sha256, /),
    ]);
    expect(problems.join()).not.toContain(SENTINEL);
  });

  it.each([
    ['{', 'it is no object of JSON. Write an object such as {"keys": [...]}.'],
    ['[]', 'it is no object of JSON. Write an object such as {"keys": [...]}.'],
    ['{}', 'keys: missing. It must be a list of keys.'],
    ...['2027-02-30T00:00:00Z', '2027-01-01', '2027-01-01T25:00:00Z', '1 January 2027'].map((expiresAt) => [
      JSON.stringify({ keys: [{ ...good, expiresAt }] }),
      `keys[0].expiresAt: "${expiresAt}": must be an instant such as 2027-01-01T00:00:00Z.`,
    ]),
    [JSON.stringify({ keys: [good, { ...good, name: 'b' }] }), 'keys[1].sha256 is the same as in keys[0].'],
    [
      JSON.stringify({ keys: [good, { ...good, sha256: sha256('b') }] }),
      'keys[1].name is the same as in keys[0].',
    ],
    [
      JSON.stringify({ keys: [{ ...good, sha256: [sha256('b'), sha256('b')] }] }),
      'keys[0].sha256: the given value (not shown) must be the SHA-256 of a key, 64 hex digits, or a list of one or two different ones.',
    ],
    [
      JSON.stringify({ keys: [{ ...good, scopes: ['scripts:read', 'users:read'], projects: ['a'] }] }),
      'keys[0].scopes has users:read beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out users:read, or leave out the list.',
    ],
    [
      JSON.stringify({ keys: [{ ...good, scopes: ['*'], scripts: ['a'] }] }),
      'keys[0].scopes has * beside a list of scripts or projects. Users have no project, so the list could not limit them. Leave out * and list the other scopes, or leave out the list.',
    ],
  ])('is refused for %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('needs a key that it protects, and stands alone', () => {
    const GATEWAY_KEYS_FILE = folder.write('keys.json', keysFile([{ name: 'a' }]));
    expect(problemsIn({ GATEWAY_KEYS_FILE })).toEqual([
      'GATEWAY_KEYS_FILE: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_KEYS_FILE out.',
    ]);
    expect(problemsIn({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS: 'a', GATEWAY_KEYS_FILE })).toEqual([
      'GATEWAY_KEYS_FILE: GATEWAY_KEYS is set as well. Set one of the two.',
    ]);
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

  it.each(['old-key', 'new-key'])('accepts both keys of an entry that is being replaced: %s', async (key) => {
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
