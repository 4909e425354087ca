import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { BOT_KEY, seeded, useBot } from './support/fixture.ts';
import { run } from './support/run.ts';

const fixture = useBot();
const variables = () => ({
  GATEWAY_URL: fixture.gatewayUrl,
  GATEWAY_KEY: BOT_KEY,
  PROJECT_ID: seeded.projectId,
  DISCORD_PUBLIC_KEY: fixture.discord.publicKey,
  DISCORD_API: fixture.discord.url,
  PORT: '0',
});

test('the process serves commands until it is told to stop', async () => {
  const { child, printed, ended } = run('main.ts', variables());
  let port: string | undefined;
  while (port === undefined) {
    await Promise.race([once(child.stdout, 'data'), ended.then(({ output }) => assert.fail(output))]);
    port = /"listening":(\d+)/.exec(printed.text)?.[1];
  }
  const text = await fixture.send(
    { subcommand: 'lookup', user: seeded.discordId },
    `http://127.0.0.1:${port}/`,
  );
  assert.match(text, /Executed scripts/);
  child.kill('SIGTERM');
  const { code, output } = await ended;
  assert.equal(code, 0);
  assert.match(output, /"command":"lookup".*"result":"done","isShown":true/);
  assert.ok(!output.includes(seeded.userKey));
});

test('the process by discord.js registers the command, serves it over the gateway, and stops', async () => {
  const { GATEWAY_URL, GATEWAY_KEY, PROJECT_ID, DISCORD_API } = variables();
  const settings = {
    GATEWAY_URL,
    GATEWAY_KEY,
    PROJECT_ID,
    DISCORD_API,
    DISCORD_BOT_TOKEN: 'token-of-the-bot',
  };
  const { child, printed, ended } = run('discordjs.ts', settings);
  while (!printed.text.includes('"ready"'))
    await Promise.race([once(child.stdout, 'data'), ended.then(({ output }) => assert.fail(output))]);
  assert.ok(fixture.discord.received.some((line) => /^PUT .*\/commands \[\{"name":"licence"/.test(line)));
  const { discordId: user, userKey } = seeded;
  assert.match(await fixture.discord.sendByGateway({ subcommand: 'lookup', user }), /Executed scripts/);
  const options = { days: 2, reason: 'shared key' };
  assert.match(await fixture.discord.sendByGateway({ subcommand: 'ban', user, options }), /^Banned until /);
  const body = fixture.sandbox.calls.find(({ path }) => path.endsWith('/blacklist'))?.body;
  assert.equal((body as { reason?: string }).reason, 'shared key');
  const permissions = String(1n << 11n);
  assert.equal(
    await fixture.discord.sendByGateway({ subcommand: 'kick', user, permissions }),
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
  assert.equal(output, 'Set PROJECT_ID, DISCORD_PUBLIC_KEY: see README.md.');
});

test('the process says that the public key is none, and does not start', async () => {
  const { code, output } = await run('main.ts', { ...variables(), DISCORD_PUBLIC_KEY: 'abc' }).ended;
  assert.deepEqual([code, output.split(',')[0]], [1, 'DISCORD_PUBLIC_KEY is not a public key']);
});

test('the command is registered with the permission that it asks for', async () => {
  const given = {
    DISCORD_API: fixture.discord.url,
    DISCORD_APPLICATION_ID: fixture.discord.applicationId,
    DISCORD_BOT_TOKEN: 'token-of-the-bot',
  };
  assert.deepEqual(await run('register.ts', given).ended, { code: 0, output: 'Registered /licence.' });
  const [, body = ''] =
    /^PUT \/applications\/\d+\/commands (.*)$/.exec(fixture.discord.received[0] ?? '') ?? [];
  const [command] = JSON.parse(body) as {
    name: string;
    default_member_permissions: string;
    options: object[];
  }[];
  assert.equal(command?.name, 'licence');
  assert.equal(command?.default_member_permissions, '4');
  assert.deepEqual(
    command?.options.map((option) => 'name' in option && option.name),
    ['lookup', 'extend', 'ban', 'unban', 'kick'],
  );
  const refused = await run('register.ts', { ...given, DISCORD_BOT_TOKEN: 'another' }).ended;
  assert.deepEqual(refused, { code: 1, output: 'Discord refused it (401).' });
});
