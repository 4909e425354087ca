import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { sandboxKeys, seeded, useBot } from './support/fixture.ts';
import { run } from './support/run.ts';

const fixture = useBot();
const variables = () => ({
  GATEWAY_URL: fixture.gatewayUrl,
  LUAAUTH_TOKEN: sandboxKeys.full,
  PROJECT_ID: seeded.projectId,
  DISCORD_PUBLIC_KEY: fixture.discord.publicKey,
  DISCORD_API: fixture.discord.url,
  TABLE_FILE: fixture.tableFile,
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

test('the process says all that is missing, and does not start', async () => {
  const { code, output } = await run('main.ts', { LUAAUTH_TOKEN: sandboxKeys.full }).ended;
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
    DISCORD_APPLICATION_ID: 'app',
    DISCORD_BOT_TOKEN: 'bot-token',
  };
  assert.deepEqual(await run('register.ts', given).ended, { code: 0, output: 'Registered /licence.' });
  const [, body = ''] =
    /^PUT \/applications\/app\/commands (.*)$/.exec(fixture.discord.received[0] ?? '') ?? [];
  const [command] = JSON.parse(body) as {
    name: string;
    default_member_permissions: string;
    options: object[];
  }[];
  assert.equal(command?.name, 'licence');
  assert.equal(command?.default_member_permissions, '4');
  assert.deepEqual(
    command?.options.map((option) => 'name' in option && option.name),
    ['lookup', 'extend', 'blacklist', 'kick'],
  );
  const refused = await run('register.ts', { ...given, DISCORD_BOT_TOKEN: 'another' }).ended;
  assert.deepEqual(refused, { code: 1, output: 'Discord refused it (401).' });
});
