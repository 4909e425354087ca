import { unwatchFile, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { openReloadedFile } from '../../src/config/reloaded-file.ts';
import { readTextFile } from '../../src/config/text-file.ts';
import { Unusable } from '../../src/config/unusable.ts';
import { openKeys, watch } from '../../src/server/watched-files.ts';
import { sha256 } from '../support/clients/keys.ts';
import { configOf, useFolder } from '../support/gateways/configured.ts';

const folder = useFolder();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  unwatchFile(join(folder.path, 'a'));
  process.removeAllListeners('SIGHUP');
});

/** A file of which the text `bad` cannot be read, and `refused` cannot be used until `allow`. Nothing is awaited, so only looks of SIGHUP take place. */
function open(text: string) {
  const path = folder.write('a', text);
  const parse = (value: string) => {
    if (value === 'bad') throw new Unusable('it is bad.');
    return value;
  };
  const problems: string[] = [];
  const file = openReloadedFile('A_FILE', path, { readText: (at) => readTextFile(at, 100), parse }, problems);
  const [used, told]: [string[], string[]] = [[], []];
  let isAllowed = false;
  const say = (line: string) => void told.push(line.replace(JSON.stringify(path), 'a'));
  return {
    file,
    problems,
    used,
    told,
    start() {
      if (!file) throw new Error(problems.join());
      const use = (value: string) => {
        if (value === 'refused' && !isAllowed) throw new Error('A_FILE: it is refused.');
        used.push(value);
        return `${value.length} letters`;
      };
      watch(file, use, { info: say, warn: say });
    },
    allow() {
      isAllowed = true;
    },
    write(value: string) {
      writeFileSync(path, value);
      process.emit('SIGHUP');
    },
  };
}

it('a file counts when two looks, a second apart, find the same', () => {
  const { start, write, used, told } = open('whole');
  start();
  for (const part of ['', 'who', 'whole again']) write(part);
  expect([used, told]).toEqual([[], []]);
  vi.advanceTimersByTime(1_000);
  expect([used, told]).toEqual([['whole again'], ['A_FILE: read again, 11 letters']]);
  vi.advanceTimersByTime(10_000);
  process.emit('SIGHUP');
  expect(used).toHaveLength(1);
});

it('a change between the configuration and the first look counts as well', () => {
  const { start, write, used } = open('before');
  write('after');
  start();
  vi.advanceTimersByTime(1_000);
  expect(used).toEqual(['after']);
});

it.each([
  ['cannot be read', 'bad', 'A_FILE: a: it is bad.'],
  ['is too large', 'x'.repeat(101), 'A_FILE: a: the file is larger than'],
  ['cannot be used', 'refused', 'A_FILE: it is refused.'],
])(
  'a file that %s is told, again after SIGHUP, and what was read before stays in force',
  (_what, text, problem) => {
    const { start, write, used, told } = open('good');
    start();
    write(text);
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(1);
    process.emit('SIGHUP');
    vi.advanceTimersByTime(10_000);
    expect(used).toEqual([]);
    expect(told).toEqual([expect.stringContaining(problem), expect.stringContaining(problem)]);
    expect(told.join()).toContain('What was read before stays in force.');
    write('better');
    vi.advanceTimersByTime(1_000);
    expect(used).toEqual(['better']);
  },
);

it('a file that could not be used is tried again after SIGHUP, because what it depends on may have changed', () => {
  const { start, write, allow, used } = open('good');
  start();
  write('refused');
  vi.advanceTimersByTime(1_000);
  allow();
  process.emit('SIGHUP');
  expect(used).toEqual(['refused']);
});

it('a new held key is hidden from the log, and from then on no gateway key may be its hash', () => {
  const token = folder.write('token', 'held-1');
  const entry = { name: 'bot', sha256: sha256('bot-key'), scopes: ['*'] };
  const keys = folder.write('keys.json', JSON.stringify({ keys: [entry] }));
  const told: string[] = [];
  const hidden: string[] = [];
  const say = (line: string) => void told.push(line);
  const config = configOf({ LUAAUTH_TOKEN_FILE: token, GATEWAY_KEYS_FILE: keys });
  onTestFinished(() => {
    for (const path of [token, keys]) unwatchFile(path);
  });
  const credentials = openKeys(config, {}, { info: say, warn: say }, (secrets) => hidden.push(...secrets));
  const change = (path: string, content: string) => {
    writeFileSync(path, content);
    process.emit('SIGHUP');
    vi.advanceTimersByTime(1_000);
    return told.at(-1);
  };
  expect(change(token, 'held-2\n')).toBe('LUAAUTH_TOKEN_FILE: read again, the secret has changed');
  expect([credentials.heldKey, hidden]).toEqual(['held-2', ['held-2']]);
  const stolen = JSON.stringify({ keys: [{ ...entry, sha256: sha256('held-2') }] });
  expect(change(keys, stolen)).toContain('one of the keys (not shown) is the value of LUAAUTH_TOKEN');
  expect(change(token, 'bot-key')).toContain('it holds a gateway key, which callers know');
  expect(credentials.heldKey).toBe('held-2');
});

it('a file that cannot be read at the start is a problem', () => {
  const { file, problems } = open('bad');
  expect(file).toBeUndefined();
  expect(problems).toEqual([expect.stringMatching(/^A_FILE: ".*a": it is bad\.$/)]);
});
