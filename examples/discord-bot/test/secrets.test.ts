import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOT_KEY, FORGOTTEN, MISLED, NOW, sandboxKeys, seeded, UNLINKED, useBot } from './support/fixture.ts';

const fixture = useBot();
const { discordId: user } = seeded;
const SECRETS = [
  seeded.userKey,
  seeded.endlessUserKey,
  'unknown-licence-key',
  ...Object.values(sandboxKeys),
  BOT_KEY,
  'interaction-token',
];

/** Every command for everybody, as many ways of going wrong as there are, and the log of it all. */
async function runEverything(): Promise<string> {
  const broken = await fixture.openBot('http://127.0.0.1:9/graphql');
  for (const url of [fixture.url, broken]) {
    for (const subcommand of ['lookup', 'extend', 'ban', 'unban', 'kick', 'none']) {
      for (const whose of [user, MISLED, UNLINKED, FORGOTTEN]) {
        fixture.sandbox.reset();
        Object.assign(fixture.sandbox.users.get(seeded.userKey) ?? {}, { key_expires: NOW });
        await fixture.send({ subcommand, user: whose, options: { days: 1 } }, url);
      }
    }
  }
  // A line is written once Discord has taken the text.
  while (fixture.lines.length < 2 * 6 * 4) await sleep(5);
  return fixture.lines.join('\n');
}

test('no key is in what the bot logs or says, whatever goes wrong', async () => {
  const log = await runEverything();
  assert.match(log, /"command":"kick","by":"100000000000000001","of":"365843484059632433","result":"done"/);
  assert.equal(fixture.lines.length, 2 * 6 * 4);
  for (const secret of SECRETS) assert.ok(!log.includes(secret), `the log has ${secret}`);
  // Discord has made the token itself: it is in the address that the answer goes to.
  const said = fixture.discord.received.join('\n').replaceAll(/\/webhooks\/\S+/g, '');
  for (const secret of SECRETS) assert.ok(!said.includes(secret), `the bot has said ${secret}`);
});

test('what Discord has not signed is refused, whatever it is', async () => {
  const body = JSON.stringify({ type: 2, token: 't', data: { name: 'licence' } });
  for (const headers of [
    {},
    { 'x-signature-ed25519': '00'.repeat(64), 'x-signature-timestamp': '1' },
    { 'x-signature-ed25519': 'no hex', 'x-signature-timestamp': '1' },
  ] as Record<string, string>[]) {
    assert.deepEqual(await fixture.discord.post(fixture.url, body, headers), {
      status: 401,
      answer: undefined,
    });
  }
  assert.deepEqual(fixture.calls(), []);
});

test('a ping is answered, what is no JSON and what is too large are refused', async () => {
  assert.deepEqual(await fixture.discord.post(fixture.url, '{"type":1}'), {
    status: 200,
    answer: { type: 1 },
  });
  assert.equal((await fixture.discord.post(fixture.url, 'no JSON')).status, 400);
  assert.equal((await fixture.discord.post(fixture.url, 'x'.repeat(70_000))).status, 413);
});
