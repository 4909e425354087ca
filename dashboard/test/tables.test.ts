import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { axeProblems } from '../../test/support/browsers/axe.ts';
import { chooseIn, openDashboard, seeded } from './support/fixture.ts';

const fixture = openDashboard();
const { projectId, scriptId, robloxId, userKey } = seeded;

const PLACE = '920587237';

const sessionsOf = () =>
  [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === scriptId);

const firstCells = (page: Page) => page.locator('.sessions tbody tr td:nth-child(2) a').allTextContents();

async function openSessions(options?: Parameters<typeof fixture.open>[1]) {
  const visit = await fixture.open(`script/${scriptId}`, options);
  const region = visit.page.getByRole('region', { name: 'Live sessions' });
  await region.locator('.count', { hasText: '180' }).waitFor();
  return { ...visit, region };
}

/** Saves a table. @returns the lines of its file */
async function savedBy(page: Page, region: string): Promise<{ name: string; lines: string[] }> {
  const downloading = page.waitForEvent('download');
  await page.locator(region).getByRole('button', { name: 'Export CSV' }).click();
  const download = await downloading;
  const text = await readFile(await download.path(), 'utf8');
  assert.ok(text.startsWith('\uFEFF'));
  return { name: download.suggestedFilename(), lines: text.slice(1).split('\r\n') };
}

test('sessions sort by each column, up and down', async () => {
  const { page, region, complaints } = await openSessions();
  const ids = sessionsOf()
    .map(({ roblox_id }) => roblox_id)
    .toSorted((a, b) => Number(a) - Number(b));
  const header = region.getByRole('columnheader', { name: 'Roblox id' });
  await header.getByRole('button').click();
  assert.equal(await header.getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(await firstCells(page), ids.slice(0, 25).map(String));
  await header.getByRole('button').click();
  assert.equal(await header.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await firstCells(page), ids.toReversed().slice(0, 25).map(String));
  assert.deepEqual(complaints, []);
});

test('all rows that are found are chosen at once, and their ids copied', async () => {
  const { page, region } = await openSessions();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  // One REST call ends no more.
  await region.getByLabel('Choose the first 100').check();
  await region.getByRole('button', { name: 'Disconnect 100 chosen' }).waitFor();
  await region.getByLabel('Choose the first 100').uncheck();
  const found = sessionsOf()
    .filter(({ place_id }) => String(place_id) === PLACE)
    .map(({ roblox_id }) => String(roblox_id));
  assert.ok(found.length > 1 && found.length < 100);
  await region.getByLabel('Find').fill(PLACE);
  await region.getByLabel('Choose all').check();
  await region.getByRole('button', { name: `Copy ${found.length} chosen` }).click();
  await region.getByText(`Copied ${found.length} Roblox ids.`).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.deepEqual(copied.split('\n').toSorted(), found.toSorted());
});

test('an id is on one line, and is copied whole', async () => {
  const { page } = await fixture.open(`script/${scriptId}`, { viewport: { width: 390, height: 844 } });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy script id' }).click();
  await page.getByRole('button', { name: 'Copied script id' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), scriptId);
  const { height, line } = await page
    .locator('.id code')
    .evaluate((code) => ({ height: code.clientHeight, line: parseFloat(getComputedStyle(code).lineHeight) }));
  assert.ok(height < 2 * line, `${height} px for lines of ${line} px`);
});

test('on a phone the columns are named as what the rows sort by', async () => {
  const { page } = await fixture.open(`script/${scriptId}`, { viewport: { width: 390, height: 844 } });
  const label = await page
    .locator('.sessions thead tr')
    .evaluate((row) => getComputedStyle(row, '::before').content);
  assert.equal(label, '"Sort by"');
});

test('a row has one menu, which works with the keyboard, and a link to the profile', async () => {
  const { page, region, complaints } = await openSessions();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const row = region.getByRole('row', { name: `${robloxId}` });
  const button = row.getByRole('button');
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  assert.equal(await button.count(), 1);
  await button.press('Enter');
  await row.getByRole('menu').waitFor();
  assert.equal(await focused(), 'User');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'Ban and disconnect');
  await page.keyboard.press('Home');
  await page.keyboard.press('Escape');
  await row.getByRole('menu').waitFor({ state: 'detached' });
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await chooseIn(row, 'Copy session id');
  await region.getByText('Copied 1 session id.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), seeded.sessionId);
  const profile = row.getByRole('link', { name: `${robloxId}` });
  assert.equal(await profile.getAttribute('href'), `https://www.roblox.com/users/${robloxId}/profile`);
  assert.equal(await profile.getAttribute('rel'), 'noreferrer');
  assert.deepEqual(complaints, []);
});

test('ids are copied where the browser hides its clipboard', async () => {
  const { page } = await fixture.open(`project/${projectId}`);
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await page.getByRole('row', { name: 'Nightfall Hub' }).getByRole('button', { name: 'Copy id' }).click();
  await page.getByText('Copied the id of Nightfall Hub.').waitFor();
});

test('every table is saved as CSV, in which no cell is a formula', async () => {
  const systems = fixture.sandbox.adSystems;
  const [system] = systems.values();
  assert.ok(system);
  systems.set(system.id, { ...system, name: '=HYPERLINK("https://evil.example","a, b")' });
  const { page, complaints } = await fixture.open('ads');
  await page.getByRole('row', { name: 'HYPERLINK' }).waitFor();
  const ads = await savedBy(page, 'main');
  assert.match(ads.name, /^Ad-systems-\d{4}-\d\d-\d\d\.csv$/);
  assert.equal(
    ads.lines[0],
    'Name,Project,"A key lasts, in hours",Keys of a user,"Extended to at most, in hours"',
  );
  assert.match(ads.lines[1] ?? '', /^"'=HYPERLINK\(""https:\/\/evil\.example"",""a, b""\)",/);
  await page.goto(`${fixture.url}/#/project/${projectId}`);
  await page.getByText('Values').click();
  const days = await savedBy(page, 'details');
  assert.deepEqual(days.lines.at(-2), '02/09,15350585,15900853');
  const scripts = await savedBy(page, 'section:has(h2)');
  assert.match(scripts.lines[1] ?? '', /^Nightfall Hub,\d+,6525588$/);
  await page.goto(`${fixture.url}/#/script/${scriptId}`);
  await page.getByText(`${robloxId}`).waitFor();
  const sessions = await savedBy(page, '[aria-label="Live sessions"]');
  // All of them, not only those on the page.
  assert.equal(sessions.lines.length, 1 + 180 + 1);
  assert.equal(sessions.lines[0], 'Roblox id,Place,Server,Connected since');
  const { placeId, jobId, createdAt } = seeded;
  assert.equal(sessions.lines[1], `${robloxId},${placeId},${jobId},${new Date(createdAt).toISOString()}`);
  assert.deepEqual(complaints, []);
});

test('the plot compares with the week before, and is drawn without an error where it has no width', async () => {
  const { page, complaints } = await fixture.open(`project/${projectId}`);
  const plot = page.getByRole('img', { name: 'Executions by day: 14 days' });
  await plot.waitFor();
  assert.equal(await plot.locator('.before').count(), 7);
  await page.locator('.chart output').filter({ hasText: 'on 02/09, 3% below the week before' }).waitFor();
  await page.locator('.chart').evaluate((figure) => figure.setAttribute('hidden', ''));
  await page.locator('.chart svg[width="0"]').waitFor({ state: 'attached' });
  await page.locator('.chart').evaluate((figure) => figure.removeAttribute('hidden'));
  await page.locator('.chart svg:not([width="0"])').waitFor();
  assert.deepEqual(complaints, []);
});

test('the dark mode is switched, and kept on this machine', async () => {
  const { page } = await fixture.open('users', { colorScheme: 'light' });
  const lightness = () =>
    page.evaluate(() => Number(getComputedStyle(document.documentElement).backgroundColor.match(/\d+/)?.[0]));
  const button = page.getByRole('button', { name: 'Dark mode' });
  assert.ok((await lightness()) > 128);
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  await button.click();
  assert.ok((await lightness()) < 128);
  await page.reload();
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  assert.ok((await lightness()) < 128);
});

test('each page has a title of its own, without a key', async () => {
  const { page } = await fixture.open('users');
  for (const [path, heading, title] of [
    ['users', 'Users', 'Users · LuaAuth'],
    ['ads', 'Ad systems', 'Ad systems · LuaAuth'],
    ['projects', 'Projects', 'Projects · LuaAuth'],
    [`project/${projectId}`, 'Nightfall Suite', 'Nightfall Suite · LuaAuth'],
    [`script/${scriptId}`, 'Nightfall Hub', 'Nightfall Hub · LuaAuth'],
  ] as const) {
    await page.goto(`${fixture.url}/#/${path}`);
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await page.waitForFunction((expected) => document.title === expected, title);
  }
});

test('a page that has not come yet shows its shape', async () => {
  const { page } = await fixture.open('users');
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('query Project')) await held;
    await route.continue();
  });
  await page.goto(`${fixture.url}/#/project/${projectId}`);
  await page.locator('.skeleton').getByText('Loading').waitFor();
  answer();
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  assert.equal(await page.locator('.skeleton').count(), 0);
});

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 390])
    test(`axe-core finds nothing, ${colorScheme}, ${width} px`, async () => {
      const { page } = await fixture.visit({
        viewport: { width, height: 844 },
        colorScheme,
        reducedMotion: 'reduce',
      });
      const isClean = async (what: string) => assert.deepEqual(await axeProblems(page), [], what);
      await fixture.signIn(page, 'no-such-key');
      await page.getByRole('alert').waitFor();
      await isClean('signing in');
      await fixture.signIn(page);
      await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
      await isClean('projects');
      await page.goto(`${fixture.url}/#/project/${projectId}`);
      await page.getByText('Values').click();
      await isClean('project');
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByText('hooks.example.com').first().waitFor();
      await isClean('settings');
      await page.keyboard.press('Escape');
      await page.goto(`${fixture.url}/#/script/${scriptId}`);
      await page.getByText(`${robloxId}`).waitFor();
      await page.getByLabel(`Choose ${robloxId}`).check();
      await page.getByRole('button', { name: `Actions for ${robloxId}` }).click();
      await isClean('sessions');
      await page.getByRole('button', { name: 'Go to' }).click();
      await page.locator('.palette [role=option]').first().waitFor();
      await isClean('palette');
      await page.keyboard.press('Escape');
      await page.goto(`${fixture.url}/#/users`);
      await page.getByLabel('Licence key').fill(userKey);
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByRole('button', { name: 'Edit or extend' }).click();
      await isClean('user');
      await page.keyboard.press('Escape');
      await page.goto(`${fixture.url}/#/ads`);
      await page.getByRole('row', { name: 'Daily key' }).getByRole('button', { name: 'Edit' }).click();
      await isClean('ad systems');
    });
