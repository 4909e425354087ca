import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const fixture = openDashboard();
const { projectId, scriptId, userKey } = seeded;
const UNKNOWN_ID = 'A'.repeat(32);

test('a key that LuaAuth does not know is refused at its field, and the visitor can try another', async () => {
  const { page, complaints } = await fixture.visit();
  await fixture.signIn(page, 'no-such-key');
  const field = page.getByLabel('API key');
  await page.getByRole('alert').filter({ hasText: 'LuaAuth does not know this key.' }).waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.ok(await field.evaluate((input) => input === document.activeElement));
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await fixture.signIn(page);
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a gateway that cannot be reached is no reason to doubt the key', async () => {
  const { page } = await fixture.visit();
  await page.route('**/graphql', (route) => route.abort());
  await fixture.signIn(page);
  await page.getByRole('alert').filter({ hasText: 'The gateway cannot be reached.' }).waitFor();
  await page.unroute('**/graphql');
  await fixture.signIn(page);
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
});

test('without an answer of LuaAuth visitors can sign in: the page says so, and reads again', async () => {
  const { page } = await fixture.visit();
  await page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes('adSystems')) return route.continue();
    const errors = [{ message: 'no answer', extensions: { code: 'UPSTREAM_TIMEOUT' } }];
    await route.fulfill({ json: { data: { adSystems: null }, errors } });
  });
  await fixture.signIn(page);
  await page.getByRole('link', { name: 'Ad systems' }).click();
  const alert = page.getByRole('alert');
  await alert
    .filter({ hasText: 'LuaAuth did not answer in time. Your key and this page are fine.' })
    .waitFor();
  await page.unroute('**/graphql');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('row', { name: 'Daily key' }).waitFor();
  assert.equal(await alert.count(), 0);
});

test('a page that failed says why, shows the request id and is tried again', async () => {
  const { page, complaints } = await fixture.open('projects');
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes('query Script') === true,
  );
  await page.goto(`${fixture.url}/#/script/${UNKNOWN_ID}`);
  const alert = page.getByRole('alert');
  await alert.getByText('Your account has no script with this id.').waitFor();
  const requestId = (await answered).headers()['x-request-id'];
  assert.equal(await alert.locator('code').innerText(), requestId);
  const script = fixture.sandbox.scripts.get(scriptId);
  assert.ok(script);
  fixture.sandbox.scripts.set(UNKNOWN_ID, { ...script, id: UNKNOWN_ID, name: 'Restored' });
  await alert.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Restored' }).waitFor();
  assert.equal(await page.title(), 'Restored · LuaAuth');
  assert.deepEqual(complaints, []);
});

test('an account without ad systems is told what to do', async () => {
  fixture.sandbox.adSystems.clear();
  const { page } = await fixture.open('projects');
  await page.getByRole('heading', { name: 'No projects are known yet' }).waitFor();
  await page.getByText('Open a script or a project by its id below.').waitFor();
  await page.getByRole('link', { name: 'Ad systems' }).click();
  await page.getByRole('heading', { name: 'No ad systems yet' }).waitFor();
  await page.getByText('Press “New ad system” to make the first.').waitFor();
});

test('opened ids are remembered on this machine until they are forgotten, keys and unknown ids never', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
  await page.goto(`${fixture.url}/#/script/${UNKNOWN_ID}`);
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByLabel('Licence key').fill(userKey);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByRole('region', { name: 'User' }).waitFor();
  // Another day.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.reload();
  await fixture.signIn(page);
  const before = page.getByRole('region', { name: 'Opened before' });
  await before.getByRole('link', { name: 'Nightfall Hub' }).waitFor();
  assert.equal(await before.getByRole('listitem').count(), 1);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(kept.includes(scriptId));
  for (const secret of [userKey, UNKNOWN_ID, sandboxKeys.full]) assert.ok(!kept.includes(secret));
  await before.getByRole('button', { name: 'Forget these' }).click();
  await before.waitFor({ state: 'detached' });
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(scriptId));
});

test('the palette opens a page, an id and what was opened before, from the keyboard', async () => {
  const { page, complaints } = await fixture.open('projects');
  const field = page.getByRole('combobox', { name: 'Name, id or licence key' });
  const selected = page.getByRole('option', { selected: true });
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
  await page.keyboard.press('Control+K');
  await field.fill('ad sys');
  await selected.filter({ hasText: 'Ad systems' }).waitFor();
  await field.press('Enter');
  await page.getByRole('heading', { name: 'Ad systems' }).waitFor();
  await page.keyboard.press('Control+K');
  await field.fill(scriptId);
  await selected.filter({ hasText: 'Script' }).waitFor();
  await field.press('Enter');
  await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
  // An id without a shape of its own: the visitor chooses.
  await page.getByRole('button', { name: 'Go to' }).click();
  await field.fill(projectId);
  await field.press('ArrowDown');
  await selected.filter({ hasText: 'Project' }).waitFor();
  await field.press('Enter');
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  await page.keyboard.press('Control+K');
  await field.fill('hub');
  await page.getByRole('option', { name: 'Nightfall Hub' }).click();
  await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
  await page.keyboard.press('Control+K');
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

test('the palette opens a licence key, which is in no address and not on the screen', async () => {
  const { page } = await fixture.open('users');
  const field = page.getByRole('combobox');
  const hidden = page.locator('.palette input[type=password]');
  for (const key of [userKey, seeded.endlessUserKey]) {
    await page.keyboard.press('Control+K');
    await page.locator('.palette input').fill(key);
    await hidden.waitFor();
    await page.getByRole('option', { selected: true }).filter({ hasText: 'with this licence key' }).waitFor();
    await hidden.press('Enter');
    await page.getByRole('region', { name: `User …${key.slice(-4)}` }).waitFor();
    assert.equal(await field.count(), 0);
    assert.ok(!page.url().includes(key));
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(key));
  }
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`signing in, what failed and the palette fit a phone, ${colorScheme}`, async () => {
    const { page } = await fixture.visit({ viewport: { width: 390, height: 844 }, colorScheme });
    const fits = async (what: string) =>
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, what);
    await fixture.signIn(page, 'no-such-key');
    await page.getByRole('alert').waitFor();
    await fits('signing in');
    await fixture.signIn(page);
    await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
    await page.goto(`${fixture.url}/#/script/${scriptId}`);
    await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
    await page.getByRole('link', { name: 'Projects' }).first().click();
    await page.getByRole('region', { name: 'Opened before' }).waitFor();
    await fits('what was opened before');
    await page.goto(`${fixture.url}/#/script/${UNKNOWN_ID}`);
    await page.getByRole('alert').waitFor();
    await fits('what failed');
    await page.getByRole('button', { name: 'Go to' }).click();
    await page.getByRole('option').first().waitFor();
    const box = await page.getByRole('dialog').boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 390);
  });
}
