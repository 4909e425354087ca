import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { STRANGER, sandboxKeys, seeded, useBot } from './support/fixture.ts';
import { run } from './support/run.ts';

const fixture = useBot();

/** Runs `npm run link` with a key on stdin; what it prints, and its exit code. */
async function link(discordId: string, key: string) {
  const variables = {
    GATEWAY_URL: fixture.gatewayUrl,
    LUAAUTH_TOKEN: sandboxKeys.full,
    TABLE_FILE: fixture.tableFile,
  };
  const { child, ended } = run('link.ts', variables, [discordId]);
  child.stdin.end(`${key}\n`);
  const { code, output } = await ended;
  assert.ok(!output.includes(key), output);
  return { code, output };
}

const keyOf = (discordId: string) => JSON.parse(readFileSync(fixture.tableFile, 'utf8'))[discordId];

test('a licence without a Discord id gets it in LuaAuth, and a row in the table', async () => {
  const key = seeded.endlessUserKey;
  assert.deepEqual(await link(STRANGER, key), { code: 0, output: `Linked ${STRANGER}.` });
  assert.equal(fixture.sandbox.users.get(key)?.discord_id, STRANGER);
  assert.equal(keyOf(STRANGER), key);
  assert.equal(statSync(fixture.tableFile).mode & 0o077, 0);
  assert.match(await fixture.send({ subcommand: 'lookup', user: STRANGER }), /^Never expires/);
});

test('a licence that has this Discord id in LuaAuth already gets a row, and nothing is written there', async () => {
  assert.equal((await link(seeded.discordId, seeded.userKey)).code, 0);
  assert.deepEqual(
    fixture.calls().filter((line) => line.startsWith('POST')),
    [],
  );
});

test('a licence of another Discord id, or without a Discord id, gets no row', async () => {
  const taken = await link(STRANGER, seeded.userKey);
  assert.deepEqual([taken.code, taken.output.includes('another Discord account')], [1, true]);
  assert.equal((await link(STRANGER, 'unknown-licence')).code, 1);
  assert.equal((await link('not an id', seeded.userKey)).code, 1);
  assert.equal(keyOf(STRANGER), undefined);
});

test('a Discord id that another licence has is refused by LuaAuth, and gets no row', async () => {
  const { code, output } = await link(seeded.discordId, seeded.endlessUserKey);
  assert.deepEqual({ code, output }, { code: 1, output: 'Another licence has this Discord account.' });
  assert.equal(keyOf(seeded.discordId), seeded.userKey);
});
