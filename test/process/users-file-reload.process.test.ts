import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { startProcess } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const { userKey, endlessUserKey, discordId } = seeded;
const SENTINEL = 'sentinel-key-of-somebody-61bf';

function openTable(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-users-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'users.csv');
  const write = (content: string) => writeFileSync(path, content);
  write(text);
  const gateway = startProcess({ PORT: '0', LUAAUTH_TOKEN: 'sandbox-key', USERS_FILE: path });
  onTestFinished(gateway.kill);
  return { gateway, write };
}

async function keysOf(url: string): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ usersByDiscordId(discordId: "${discordId}") { key } }` }),
  });
  const { data } = (await response.json()) as { data: { usersByDiscordId: { key: string }[] } };
  return data.usersByDiscordId.map(({ key }) => key).join();
}

it('the process reads its table of users again when it changes, and keeps the last good one', async () => {
  const { gateway, write } = openTable(`discord_id,user_key\n${discordId},${userKey}\n`);
  const url = await gateway.listening();
  expect(await keysOf(url)).toBe(userKey);

  write(`discord_id,user_key\n${discordId},${userKey}\n${discordId},${endlessUserKey}\n`);
  await eventually(async () => expect(await keysOf(url)).toBe(`${userKey},${endlessUserKey}`));

  write(`discord_id,user_key\n${discordId},${endlessUserKey}\n2,${SENTINEL}/\n`);
  await eventually(() => expect(gateway.output.stdout).toContain('The previous table stays in force.'));
  expect(gateway.output.stdout).toContain('line 3: its user_key is not a licence key.');
  expect(await keysOf(url)).toBe(`${userKey},${endlessUserKey}`);

  write('discord_id,user_key\n');
  await eventually(async () => expect(await keysOf(url)).toBe(''));
  for (const key of [SENTINEL, userKey, endlessUserKey])
    expect(gateway.output.stdout + gateway.output.stderr).not.toContain(key);
});

it('the process does not start with a broken table of users', async () => {
  const { gateway } = openTable(`discord_id,user_key\n1,a\n${SENTINEL},2\n`);
  expect(await gateway.ended).toBe(1);
  expect(gateway.output.stderr).toContain('line 3: its discord_id is not a Discord id.');
  expect(gateway.output.stdout + gateway.output.stderr).not.toContain(SENTINEL);
});
