import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const KEY = 'key-of-a-viewer';
const EDITOR_KEY = 'key-of-an-editor';
const SUPPORT_KEY = 'key-of-the-support';
const OPERATOR_KEY = 'key-of-the-operator';
const READ_SCOPES = ['scripts:read', 'projects:read', 'sessions:read'];
const keyOf = (name: string, key: string, scopes: readonly string[]) => ({
  name,
  sha256: createHash('sha256').update(key).digest('hex'),
  scopes,
});
const keys = [
  keyOf('viewer', KEY, READ_SCOPES),
  keyOf('editor', EDITOR_KEY, [...READ_SCOPES, 'projects:write']),
  keyOf('support', SUPPORT_KEY, [...READ_SCOPES, 'users:read']),
  keyOf('operator', OPERATOR_KEY, ['metrics:read']),
];
const variables = { LUAAUTH_TOKEN: sandboxKeys.full, GATEWAY_KEYS_FILE: 'keys.json' };
const DISCORD_ID = '123456789012345678';
const STALE_DISCORD_ID = '123456789012345679';
const USERS = `discord_id,user_key\n${DISCORD_ID},${seeded.userKey}\n${DISCORD_ID},${seeded.endlessUserKey}\n${STALE_DISCORD_ID},no-such-key\n`;
const writeFiles = (directory: string) => {
  writeFileSync(join(directory, 'keys.json'), JSON.stringify({ keys }));
  writeFileSync(join(directory, 'users.csv'), USERS);
};

const fixture = openDashboard(variables, writeFiles);
/** A gateway whose operator has pinned projects, and has a table of Discord ids. */
const prepared = openDashboard(
  { ...variables, DASHBOARD_PROJECTS: `${seeded.projectId},unknown-project`, USERS_FILE: 'users.csv' },
  writeFiles,
);

test('a viewer who cannot list projects opens one by its id, and no refused call is made', async () => {
  const { page } = await fixture.open('projects', {}, KEY);
  await page.getByText('This key does not list projects. Open one by id.').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.getByRole('link', { name: 'Ad systems' }).click();
  await page
    .getByText('This key does not list ad systems. Your key of this gateway lacks ads:read.')
    .waitFor();
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByText('This key does not show users. Your key of this gateway lacks users:read.').waitFor();
  assert.deepEqual(fixture.lines(), []);
  await page.getByRole('link', { name: 'Projects' }).click();
  await page.getByLabel('Open by id').fill(seeded.projectId);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
});

test('lists the pinned projects that the key reaches', async () => {
  const { page } = await prepared.open('projects', {}, KEY);
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
  assert.equal(await page.locator('.cards li').count(), 1);
  assert.equal(await page.getByText('This key does not list projects').count(), 0);
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a Discord id leads to the users of its licence keys, where the operator has a table', async () => {
  const { page } = await prepared.open('users', {}, SUPPORT_KEY);
  const find = async (text: string) => {
    await page.getByLabel('Licence key or Discord id').fill(text);
    await page.getByRole('button', { name: 'Look up' }).click();
  };
  await find(DISCORD_ID);
  for (const key of [seeded.userKey, seeded.endlessUserKey])
    await page.getByRole('region', { name: `User …${key.slice(-4)}` }).waitFor();
  assert.ok(!(await page.content()).includes(seeded.userKey));
  await find('999999999999999999');
  await page.getByText('has no licence key for the Discord id 999999999999999999.').waitFor();
  await find(STALE_DISCORD_ID);
  await page.getByText('Your account has no user with a licence key that the table has').waitFor();
  const without = await fixture.open('users', {}, SUPPORT_KEY);
  await without.page.getByLabel('Licence key or Discord id').fill(DISCORD_ID);
  await without.page.getByRole('button', { name: 'Look up' }).click();
  await without.page
    .getByRole('alert')
    .filter({ hasText: 'This gateway has no table of Discord ids' })
    .waitFor();
});

test('a viewer sees who is on; what the key may not do is off, with the scopes that it lacks', async () => {
  const { page } = await fixture.open(`script/${seeded.scriptId}`, {}, KEY);
  const live = page.getByRole('region', { name: 'Live sessions' });
  await live.locator('.count', { hasText: '180' }).waitFor();
  const settings = page.getByRole('button', { name: 'Settings' });
  assert.equal(await settings.getAttribute('aria-disabled'), 'true');
  assert.equal(await settings.getAttribute('title'), 'Your key of this gateway lacks scripts:write.');
  // On a phone no pointer shows a title.
  await settings.click({ force: true });
  await page.locator('.off .quiet', { hasText: 'lacks scripts:write.' }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  const row = page.getByRole('row', { name: `${seeded.robloxId}` });
  await row.getByRole('button', { name: 'Actions for' }).click();
  for (const [entry, missing] of [
    ['User', 'users:read'],
    ['Message', 'sessions:write'],
    ['Disconnect', 'sessions:write'],
    ['Ban and disconnect', 'users:read, users:write, sessions:write'],
  ] as const) {
    const item = row.getByRole('menuitem', { name: `${entry} Your key of this gateway lacks ${missing}.` });
    assert.equal(await item.getAttribute('aria-disabled'), 'true', entry);
    await item.click({ force: true });
  }
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.deepEqual(
    fixture.lines().filter((line) => /users|disconnect|message/.test(line)),
    [],
  );
});

test('the last requests are listed, and chosen by caller and by outcome', async () => {
  const viewer = await fixture.open(`project/${seeded.projectId}`, {}, KEY);
  await viewer.page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  const support = await fixture.open('script/no-such-script', {}, SUPPORT_KEY);
  await support.page.getByRole('alert').first().waitFor();
  const { page } = await fixture.open('requests', {}, OPERATOR_KEY);
  const rows = page.locator('tbody tr');
  const callers = async () => new Set(await rows.locator('td:nth-child(3)').allInnerTexts());
  await rows.filter({ hasText: 'viewer' }).first().waitFor();
  await page.getByLabel('Caller').selectOption('support');
  await rows.filter({ hasText: 'viewer' }).first().waitFor({ state: 'detached' });
  assert.deepEqual([...(await callers())], ['support']);
  await page.getByLabel('Outcome').selectOption('FORBIDDEN');
  await rows.filter({ hasText: 'LuaAuth refused, or the gateway key lacks a scope' }).first().waitFor();
  assert.equal(await rows.filter({ hasText: 'fine' }).count(), 0);
  await page.getByRole('button', { name: 'Refresh' }).click();
  assert.ok(!(await page.content()).includes('no-such-script'));
});

test('a key without the scope is told so on the page of requests', async () => {
  const { page } = await fixture.open('requests', {}, KEY);
  await page.getByRole('alert').filter({ hasText: 'lacks the scope metrics:read' }).waitFor();
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`the page of requests fits a phone, ${colorScheme}`, async () => {
    const { page } = await fixture.open(
      'requests',
      { colorScheme, viewport: { width: 390, height: 844 } },
      OPERATOR_KEY,
    );
    await page.locator('tbody tr').first().waitFor();
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 390);
  });

test('without the scope of secrets the webhooks are unknown, and settings can be changed', async () => {
  const { page } = await fixture.open(`project/${seeded.projectId}`, {}, EDITOR_KEY);
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Your key of this gateway lacks secrets:read.').waitFor();
  await dialog.getByLabel('Name').fill('Nightfall');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('LuaAuth saved Nightfall').waitFor();
});

test('a key that is not one of the gateway is said so', async () => {
  const { page } = await fixture.visit();
  await fixture.signIn(page, 'no-such-key');
  await page.getByRole('alert').filter({ hasText: 'not one of this gateway' }).waitFor();
});
