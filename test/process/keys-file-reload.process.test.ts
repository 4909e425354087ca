import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { bearer, keysFile, sha256 } from '../support/clients/keys.ts';
import { startProcess } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const { scriptId: id } = seeded;
const SENTINEL = 'sentinel-key-of-somebody-61bf';

const codesOf = async (url: string, key: string): Promise<string> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key) },
    body: JSON.stringify({ query: `{ script(id: "${id}") { name } }` }),
  });
  const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors.map(({ extensions }) => extensions.code).join() || 'ok';
};

it('the process reads its file of keys again when it changes and on SIGHUP, and no request under way fails', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-keys-'));
  const path = join(directory, 'keys.json');
  const file = (text: string) => writeFileSync(path, text);
  file(keysFile([{ name: 'steady' }, { name: 'first', sha256: sha256(`first-${SENTINEL}`) }]));
  const gateway = startProcess({
    PORT: '0',
    LUAAUTH_TOKEN: 'sandbox-key',
    GATEWAY_KEYS_FILE: path,
    LUAAUTH_RATE: '0',
  });
  onTestFinished(async () => {
    await gateway.kill();
    rmSync(directory, { recursive: true });
  });
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
