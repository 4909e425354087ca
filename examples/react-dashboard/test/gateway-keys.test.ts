import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseIn, openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const KEY = 'key-of-a-viewer';
const VIEWER = {
  name: 'viewer',
  sha256: createHash('sha256').update(KEY).digest('hex'),
  scopes: ['scripts:read', 'projects:read', 'sessions:read'],
};

const fixture = openDashboard(
  { LUAAUTH_TOKEN: sandboxKeys.full, GATEWAY_KEYS_FILE: 'keys.json' },
  (directory) => writeFileSync(join(directory, 'keys.json'), JSON.stringify({ keys: [VIEWER] })),
);

test('a viewer with a key of the gateway sees who is on, and no keys of users', async () => {
  const { page } = await fixture.open(`script/${seeded.scriptId}`, {}, KEY);
  await page.getByRole('region', { name: 'Live sessions' }).locator('.count', { hasText: '180' }).waitFor();
  await chooseIn(page.getByRole('row', { name: `${seeded.robloxId}` }), 'User');
  await page.getByRole('alert').filter({ hasText: 'Your key of this gateway lacks users:read.' }).waitFor();
});

test('what the key does not allow is said by the scopes that it lacks', async () => {
  const { page } = await fixture.open(`script/${seeded.scriptId}`, {}, KEY);
  const row = page.getByRole('row', { name: `${seeded.robloxId}` });
  await chooseIn(row, 'Disconnect');
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  const refusal = page.getByRole('alert');
  await refusal.filter({ hasText: 'Your key of this gateway lacks sessions:write.' }).waitFor();
});

test('without the scope of secrets the webhooks are unknown, and a refused change says which scope is missing', async () => {
  const { page } = await fixture.open(`project/${seeded.projectId}`, {}, KEY);
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Your key of this gateway lacks secrets:read.').waitFor();
  await dialog.getByLabel('Name').fill('Nightfall');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog
    .getByRole('alert')
    .filter({ hasText: 'Your key of this gateway lacks projects:write.' })
    .waitFor();
});

test('a key that is not one of the gateway is said so', async () => {
  const { page } = await fixture.visit();
  await fixture.signIn(page, 'no-such-key');
  await page.getByRole('alert').filter({ hasText: 'not one of this gateway' }).waitFor();
});
