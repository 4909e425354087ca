import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { startFakeDiscord } from './support/fake-discord.ts';
import { BOT_KEY, seeded, useBot } from './support/fixture.ts';
import { run } from './support/run.ts';

const fixture = useBot();
let discord: Awaited<ReturnType<typeof startFakeDiscord>>;
before(async () => {
  discord = await startFakeDiscord();
});
after(() => discord.close());

test('the process registers the command, serves it over the gateway, and stops', async () => {
  const variables = {
    GATEWAY_URL: fixture.gatewayUrl,
    GATEWAY_KEY: BOT_KEY,
    PROJECT_ID: seeded.projectId,
    DISCORD_API: discord.url,
    DISCORD_BOT_TOKEN: 'token-of-the-bot',
  };
  const { child, printed, ended } = run('main.ts', variables);
  while (!printed.text.includes('"ready"'))
    await Promise.race([once(child.stdout, 'data'), ended.then(({ output }) => assert.fail(output))]);
  assert.ok(
    discord.received.some((line) =>
      /^PUT .*\/commands \[\{"name":"licence".*"default_member_permissions":"4"/.test(line),
    ),
  );
  const { discordId: user, userKey } = seeded;
  assert.match(await discord.send({ subcommand: 'lookup', user }), /Executed scripts/);
  const options = { days: 2, reason: 'shared key' };
  assert.match(await discord.send({ subcommand: 'ban', user, options }), /^Banned until /);
  const body = fixture.sandbox.calls.find(({ path }) => path.endsWith('/blacklist'))?.body;
  assert.equal((body as { reason?: string }).reason, 'shared key');
  const permissions = String(1n << 11n);
  assert.equal(
    await discord.send({ subcommand: 'kick', user, permissions }),
    'This is for members with the permission to ban.',
  );
  child.kill('SIGTERM');
  const { code, output } = await ended;
  assert.equal(code, 0);
  assert.match(output, /"command":"ban","by":"100000000000000001","of":"\d+","result":"done"/);
  for (const secret of [userKey, BOT_KEY, 'interaction-token']) assert.ok(!output.includes(secret), secret);
});

test('the process says all that is missing, and does not start', async () => {
  const { code, output } = await run('main.ts', { GATEWAY_KEY: BOT_KEY }).ended;
  assert.equal(code, 1);
  assert.equal(output, 'Set PROJECT_ID, DISCORD_BOT_TOKEN: see README.md.');
});
