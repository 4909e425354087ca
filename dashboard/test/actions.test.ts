import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { chooseIn, openDashboard, seeded } from './support/fixture.ts';

const fixture = openDashboard();
const { projectId, scriptId, userKey, endlessUserKey } = seeded;
const DAY_MS = 86_400_000;
const FAR = Date.UTC(2100, 0, 1);

const bodiesOf = (end: string) =>
  fixture.sandbox.calls.filter(({ path }) => path.endsWith(end)).map(({ body }) => body);

async function openUser(page: Page, key: string) {
  await page.getByLabel('Licence key').fill(key);
  await page.getByRole('button', { name: 'Look up' }).click();
  const card = page.getByRole('region', { name: `User …${key.slice(-4)}` });
  await card.waitFor();
  return { card, dialog: page.getByRole('dialog') };
}

test('a key is extended by days from its end, with a note and a Discord id', async () => {
  const user = fixture.sandbox.users.get(userKey);
  assert.ok(user);
  user.key_expires = FAR;
  const { page, complaints } = await fixture.open('users', { locale: 'en-GB', timezoneId: 'UTC' });
  const { card, dialog } = await openUser(page, userKey);
  await card.getByRole('button', { name: 'Edit or extend' }).click();
  await dialog.getByText('1 Jan 2100, 00:00').waitFor();
  await dialog.getByLabel('Extend by days').check();
  await dialog.getByText('New end: 31 Jan 2100, 00:00').waitFor();
  await dialog.getByLabel('Days', { exact: true }).fill('7');
  await dialog.getByText('New end: 8 Jan 2100, 00:00').waitFor();
  await dialog.getByLabel('Discord id').fill('123456789012345678');
  await dialog.getByLabel('Note').fill('Won a giveaway');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await card
    .getByText('Discord id 123456789012345678, note “Won a giveaway”, key expires 8 Jan 2100, 00:00.')
    .waitFor();
  assert.deepEqual(bodiesOf('/edit'), [
    { discord_id: '123456789012345678', key_expires: FAR + 7 * DAY_MS, note: 'Won a giveaway' },
  ]);
  assert.deepEqual(complaints, []);
});

test('an expired key is extended from now on', async () => {
  const { page } = await fixture.open('users');
  const { card, dialog } = await openUser(page, seeded.expiredUserKey);
  await card.getByText('Expired', { exact: true }).waitFor();
  await card.getByRole('button', { name: 'Edit or extend' }).click();
  await dialog.getByLabel('Extend by days').check();
  const before = Date.now();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await card.getByText('May execute').waitFor();
  const end = fixture.sandbox.users.get(seeded.expiredUserKey)?.key_expires ?? 0;
  assert.ok(end >= before + 30 * DAY_MS && end <= Date.now() + 30 * DAY_MS);
});

test('a key gets an end that is not in the past, and loses its note', async () => {
  const user = fixture.sandbox.users.get(endlessUserKey);
  assert.ok(user);
  user.note = 'reseller';
  const { page } = await fixture.open('users', { timezoneId: 'UTC' });
  const { card, dialog } = await openUser(page, endlessUserKey);
  await card.getByRole('button', { name: 'Edit or extend' }).click();
  // A key without an end cannot be extended.
  assert.equal(await dialog.getByLabel('Extend by days').count(), 0);
  await dialog.getByLabel('Set a date').check();
  await dialog.getByLabel('Note').fill('');
  await dialog.getByLabel('Expires').fill('2020-05-17T10:00');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const problem = () =>
    dialog.getByLabel('Expires').evaluate((input: HTMLInputElement) => input.validationMessage);
  assert.equal(await problem(), 'This time has passed. Choose a time in the future.');
  await dialog.getByLabel('Expires').fill('2099-05-17T10:00');
  assert.equal(await problem(), '');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(bodiesOf('/edit'), [{ key_expires: Date.UTC(2099, 4, 17, 10), note: '' }]);
});

test('a blacklist does not end in the past', async () => {
  const { page } = await fixture.open('users', { locale: 'en-GB', timezoneId: 'UTC' });
  const { card, dialog } = await openUser(page, userKey);
  await card.getByRole('button', { name: 'Blacklist' }).click();
  await dialog.getByLabel('Until').fill('2020-05-17T10:00');
  await dialog.getByRole('button', { name: 'Blacklist' }).click();
  await dialog.getByLabel('Until').fill('2099-05-17T10:00');
  await dialog.getByRole('button', { name: 'Blacklist' }).click();
  await card.getByText('is blacklisted without a reason, until 17 May 2099, 10:00.').waitFor();
  assert.deepEqual(bodiesOf('/blacklist'), [{ expires: Date.UTC(2099, 4, 17, 10) }]);
});

test('an edit that changes nothing is said so, without a REST call', async () => {
  const { page } = await fixture.open('users');
  const { card, dialog } = await openUser(page, userKey);
  await card.getByRole('button', { name: 'Edit or extend' }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'Nothing was changed' }).waitFor();
  assert.deepEqual(bodiesOf('/edit'), []);
});

test('the settings of a script are changed, and the confirmation reports what LuaAuth answered', async () => {
  const { page, complaints } = await fixture.open(`script/${scriptId}`);
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings of Nightfall Hub' });
  await dialog.getByLabel('Kick outdated').check();
  await dialog.getByLabel('Name').fill(' Nightfall Hub 2 ');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('LuaAuth saved Nightfall Hub 2: Kick outdated on.').waitFor();
  await page.getByText('Kicks outdated').waitFor();
  await page.getByRole('heading', { name: 'Nightfall Hub 2' }).waitFor();
  assert.deepEqual(bodiesOf('/edit'), [{ name: 'Nightfall Hub 2', kick_outdated: true }]);
  assert.deepEqual(complaints, []);
});

test('the webhooks of a project are shown by their end, replaced and removed', async () => {
  const { page, complaints } = await fixture.open(`project/${projectId}`);
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings of Nightfall Suite' });
  const hook = (name: string) => dialog.getByRole('group', { name: `Webhook of ${name}` });
  await hook('executions').getByText('Set: hooks.example.com …ions').waitFor();
  await hook('blacklists').getByText('None is set').waitFor();
  await hook('executions').getByLabel('Remove').check();
  await hook('blacklists').getByLabel('New address').fill('http://hooks.example.com/blacklists');
  await dialog.getByRole('button', { name: 'Save' }).click();
  // Only https is an address for a secret.
  assert.deepEqual(bodiesOf('/edit'), []);
  await hook('blacklists').getByLabel('New address').fill('https://hooks.example.com/blacklists');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page
    .getByText('Nightfall Suite: webhook of executions removed, webhook of blacklists set, …ists.')
    .waitFor();
  assert.deepEqual(bodiesOf('/edit'), [
    { execution_webhook: '', blacklist_webhook: 'https://hooks.example.com/blacklists' },
  ]);
  assert.ok(!(await page.content()).includes('hooks.example.com/blacklists'));
  assert.deepEqual(complaints, []);
});

test('a row is grey as soon as its session is disconnected, and the dialog names the session', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  const session = [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === scriptId)[7];
  assert.ok(session);
  const row = page.locator('.sessions tbody tr').nth(7);
  await row.getByText(String(session.roblox_id)).waitFor();
  await chooseIn(row, 'Disconnect');
  const dialog = page.getByRole('dialog', { name: `Disconnect ${session.roblox_id}` });
  await dialog.getByText('Nightfall Hub').waitFor();
  await dialog.getByText(String(session.place_id)).waitFor();
  // While LuaAuth does not answer, the row tells already.
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('mutation Disconnect')) await held;
    await route.continue();
  });
  await dialog.getByRole('button', { name: 'Disconnect' }).click();
  await page.locator('tr.leaving', { hasText: String(session.roblox_id) }).waitFor();
  answer();
  await page.getByText('LuaAuth disconnected 1 session.').waitFor();
});

test('a user is banned, and disconnected from every session of the script, in one step', async () => {
  const sessions = [...fixture.sandbox.sessions.values()];
  for (const session of sessions) if (session.user_key === userKey) session.user_key = undefined;
  const [first, second, third] = sessions.filter(({ script_id }) => script_id === scriptId).slice(4);
  assert.ok(first && second && third);
  for (const session of [first, second]) session.user_key = userKey;
  const { page, complaints } = await fixture.open(`script/${scriptId}`);
  const dialog = page.getByRole('dialog');
  const ban = async ({ roblox_id }: typeof first, reason: string) => {
    await chooseIn(page.getByRole('row', { name: String(roblox_id) }), 'Ban and disconnect');
    await dialog.getByText(String(roblox_id), { exact: true }).waitFor();
    await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByRole('button', { name: 'Ban and disconnect' }).click();
  };
  await ban(first, 'shared key');
  const name = `User …${userKey.slice(-4)}`;
  await page.getByText(`${name} is banned. LuaAuth disconnected 2 sessions.`).waitFor();
  assert.deepEqual(bodiesOf('/blacklist'), [{ reason: 'shared key' }]);
  assert.deepEqual(bodiesOf('/sessions/disconnect'), [{ session_ids: [first.id, second.id] }]);
  // The user is banned already: the session ends all the same.
  third.user_key = userKey;
  await ban(third, 'again');
  await page.getByText(`${name} is already banned. LuaAuth disconnected 1 session.`).waitFor();
  assert.deepEqual(complaints, []);
});

test('a ban whose other sessions cannot be read says that they may still be connected', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  const row = page.locator('.sessions tbody tr').nth(8);
  const route = 'GET /scripts/:script_id/sessions/filter';
  fixture.sandbox.fault({ kind: 'failure', route, code: -1, message: 'internal server error', times: 5 });
  await chooseIn(row, 'Ban and disconnect');
  await page.getByRole('dialog').getByRole('button', { name: 'Ban and disconnect' }).click();
  await page.getByRole('alert').filter({ hasText: 'Others may still be connected.' }).waitFor();
  const [body] = bodiesOf('/sessions/disconnect');
  assert.equal((body as { session_ids: string[] }).session_ids.length, 1);
});

test('a user who cannot be banned stays connected, and the dialog says why', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  const row = page.locator('.sessions tbody tr').nth(8);
  const route = 'POST /users/:user_key/blacklist';
  fixture.sandbox.fault({ kind: 'failure', route, code: 77, message: 'the moon is full' });
  await chooseIn(row, 'Ban and disconnect');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Ban and disconnect' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'LuaAuth refused: the moon is full.' }).waitFor();
  assert.deepEqual(bodiesOf('/sessions/disconnect'), []);
});

test('a row is no longer grey if LuaAuth refuses', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  const row = page.locator('.sessions tbody tr').nth(8);
  await chooseIn(row, 'Disconnect');
  fixture.sandbox.fault({
    kind: 'failure',
    code: -1,
    message: 'internal server error',
    route: 'POST /sessions/disconnect',
  });
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Disconnect' }).click();
  await dialog.getByRole('alert').waitFor();
  assert.equal(await page.locator('tr.leaving').count(), 0);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every dialog fits a phone, ${colorScheme}`, async () => {
    const { page, complaints } = await fixture.open('users', {
      viewport: { width: 390, height: 844 },
      colorScheme,
    });
    const dialog = page.getByRole('dialog');
    const press = (name: string) => () => page.getByRole('button', { name, exact: true }).click();
    const fits = async (what: string, open = press(what)) => {
      await open();
      await dialog.waitFor();
      const { left, right, inner, outer } = await dialog.evaluate((box) => ({
        left: box.getBoundingClientRect().left,
        right: box.getBoundingClientRect().right,
        inner: box.scrollWidth,
        outer: box.clientWidth,
      }));
      assert.ok(left >= 0 && right <= 390 && inner <= outer, `${what}: ${left} to ${right}, ${inner}`);
      const [background] = await dialog.evaluate((box) =>
        (getComputedStyle(box).backgroundColor.match(/\d+/g) ?? []).map(Number),
      );
      assert.equal(Number(background) > 128, colorScheme === 'light', what);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    };
    await openUser(page, userKey);
    await fits('Edit or extend');
    await fits('Blacklist');
    await page.goto(`${fixture.url}/#/project/${projectId}`);
    await fits('Settings');
    await page.goto(`${fixture.url}/#/script/${scriptId}`);
    await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
    await page.locator('.sessions').waitFor();
    await fits('Settings');
    await fits('Disable');
    const row = page.locator('.sessions tbody tr').first();
    for (const entry of ['Message', 'Disconnect']) await fits(entry, () => chooseIn(row, entry));
    assert.deepEqual(complaints, []);
  });
}
