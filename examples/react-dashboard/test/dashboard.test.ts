import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const fixture = openDashboard();
const { projectId, scriptId } = seeded;

test('a project is shown with its scripts and their executions, for two REST calls', async () => {
  const { page, complaints } = await fixture.visit();
  await fixture.signIn(page, sandboxKeys.full, projectId);
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  const rows = await page.locator('tbody tr').allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split('\t')[0]),
    ['Nightfall Hub', 'Nightfall Lite', 'Jailbreak Companion', 'Arsenal Trainer', 'Loader'],
  );
  await page
    .getByRole('row', { name: 'Nightfall Hub' })
    .getByRole('img', { name: '6,525,588 on 02/09' })
    .waitFor();
  assert.deepEqual(fixture.lines().toSorted(), [
    `GET /projects/${projectId}`,
    `GET /projects/${projectId}/executions`,
  ]);
  assert.deepEqual(complaints, []);
});

test('sessions of a script are paged, forth and back', async () => {
  const { page, complaints } = await fixture.visit();
  await fixture.signIn(page, sandboxKeys.full, projectId);
  await page.getByRole('button', { name: 'Who is on Nightfall Hub' }).click();
  await page.getByRole('heading', { name: 'Nightfall Hub: page 1' }).waitFor();
  // A user may have several sessions, but not since the same moment.
  const users = page.locator('section li');
  const first = await users.allInnerTexts();
  assert.match(first[0] ?? '', /^10234711811 in 606849621 since 2026-02-09T08:08:20\.000Z$/);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('heading', { name: 'page 2' }).waitFor();
  const second = await users.allInnerTexts();
  assert.deepEqual([first.length, second.length], [20, 20]);
  assert.deepEqual(
    second.filter((user) => first.includes(user)),
    [],
  );
  await page.getByRole('button', { name: 'Previous' }).click();
  await page.getByRole('heading', { name: 'page 1' }).waitFor();
  assert.deepEqual(await users.allInnerTexts(), first);
  const pages = fixture.lines().filter((line) => line === `POST /scripts/${scriptId}/sessions`);
  assert.equal(pages.length, 3);
  assert.deepEqual(complaints, []);
});

test('a key that LuaAuth does not know is said so, and the visitor can try another', async () => {
  const { page } = await fixture.visit();
  await fixture.signIn(page, 'no-such-key', projectId);
  await page
    .getByRole('alert')
    .filter({ hasText: 'The key is unknown, or this is not of its account.' })
    .waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await fixture.signIn(page, sandboxKeys.full, projectId);
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
});

test('the key is kept neither in the address nor in the storage of the browser', async () => {
  const { page } = await fixture.visit();
  await fixture.signIn(page, sandboxKeys.full, projectId);
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  const kept = await page.evaluate(() =>
    JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  assert.ok(!kept.includes(sandboxKeys.full));
});

test('what is built knows no address of a gateway', async () => {
  const { page } = await fixture.visit();
  const source = await page.locator('script[src]').getAttribute('src');
  const script = await (await fetch(new URL(source ?? '', fixture.url))).text();
  assert.ok(script.includes('/graphql'));
  assert.doesNotMatch(script, /127\.0\.0\.1|:4000/);
});
