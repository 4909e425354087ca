import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseIn, openDashboard, sandboxKeys, seeded } from './support/fixture.ts';

const fixture = openDashboard();
const { projectId, scriptId, sessionId, robloxId, userKey, blacklistedUserKey } = seeded;

test('the projects that the ad systems name are listed, and any other opens by its id', async () => {
  const { page, complaints } = await fixture.visit();
  await fixture.signIn(page);
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
  await page.getByRole('link', { name: 'Winter Event' }).waitFor();
  await page.getByLabel('Open by id').fill(scriptId);
  await page.getByLabel('Type').selectOption('script');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Nightfall Hub' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('the field of the key has the focus, so that a key can be pasted at once', async () => {
  const { page } = await fixture.visit();
  await page.locator('input[name=key]:focus').waitFor();
  await page.keyboard.type(sandboxKeys.full);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
});

test('an address that was cut short is answered, too', async () => {
  const { page, complaints } = await fixture.open('script/%E0%A4');
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a project is shown with its scripts and their executions, for two REST calls', async () => {
  const { page, complaints } = await fixture.visit();
  await fixture.signIn(page);
  const link = page.getByRole('link', { name: 'Nightfall Suite' });
  await link.waitFor();
  fixture.sandbox.reset();
  await link.click();
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  const names = await page.locator('.stacked tbody a').allInnerTexts();
  assert.deepEqual(names, [
    'Nightfall Hub',
    'Nightfall Lite',
    'Jailbreak Companion',
    'Arsenal Trainer',
    'Loader',
  ]);
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

test('the plot of executions has axes, and the value of each day by key, by pointer and as a table', async () => {
  const { page, complaints } = await fixture.open(`project/${projectId}`);
  const plot = page.getByRole('img', { name: 'Executions by day: 14 days' });
  await plot.waitFor();
  assert.deepEqual(await plot.locator('.tick text').allTextContents(), ['0', '5M', '10M', '15M', '20M']);
  const days = await plot.locator('.day text').allTextContents();
  assert.deepEqual([days.length, days[0], days.at(-1)], [14, '01/27', '02/09']);
  const value = page.locator('.chart output');
  await value.filter({ hasText: '15,350,585 on 02/09' }).waitFor();
  await plot.press('ArrowLeft');
  await value.filter({ hasText: 'on 02/08' }).waitFor();
  await plot.hover({ position: { x: 60, y: 100 } });
  await value.filter({ hasText: 'on 01/27' }).waitFor();
  await page.getByText('Values').click();
  await page.getByRole('row', { name: '02/09 15,350,585' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('who is on is followed: who comes is shown, and who is disconnected goes', async () => {
  const { page, complaints } = await fixture.open(`script/${scriptId}`);
  const sessions = page.getByRole('region', { name: 'Live sessions' });
  await sessions.getByText('Live, as of').waitFor();
  await sessions.locator('.count', { hasText: '180' }).waitFor();
  const guest = fixture.sandbox.sessions.get(sessionId);
  assert.ok(guest);
  const session = { ...guest, id: '66b2f00d00000000000000aa', roblox_id: 42_424_242 };
  fixture.sandbox.sessions.set(session.id, session);
  await sessions.locator('.count', { hasText: '181' }).waitFor();
  await sessions.getByLabel('Find').fill('42424242');
  await chooseIn(sessions.getByRole('row', { name: '42424242' }), 'Disconnect');
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await sessions.getByText('Disconnected 1 session.').waitFor();
  await sessions.locator('.count', { hasText: '180' }).waitFor();
  await sessions.getByText('No user matches.').waitFor();
  assert.equal(fixture.lines().filter((line) => line === 'POST /sessions/disconnect').length, 1);
  assert.deepEqual(complaints, []);
});

test('several sessions are disconnected by one REST call', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  // The gateway remembers for a while who has gone: not those whom other tests look for.
  for (const index of [5, 6]) await page.getByRole('checkbox').nth(index).check();
  await page.getByRole('button', { name: 'Disconnect 2 chosen' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await page.getByText('Disconnected 2 sessions.').waitFor();
  const calls = fixture.sandbox.calls.filter(({ path }) => path === '/sessions/disconnect');
  assert.deepEqual(
    calls.map(({ body }) => (body as { session_ids: string[] }).session_ids.length),
    [2],
  );
});

test('a message says what the client has returned, or why it did not', async () => {
  const { page, complaints } = await fixture.open(`script/${scriptId}`);
  await chooseIn(page.getByRole('row', { name: `${robloxId}` }), 'Message');
  const dialog = page.getByRole('dialog', { name: `Message to ${robloxId}` });
  await dialog.getByLabel('Function').fill('echo');
  await dialog.getByLabel('Data').fill('hello');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByText('The data is no JSON. Write text in quotes, such as "hello".').waitFor();
  await dialog.getByLabel('Data').fill('{ "text": "hello" }');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.locator('pre', { hasText: '"text": "hello"' }).waitFor();
  await dialog.getByLabel('Function').fill('no-such-function');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByText('The script has registered no function of this name').waitFor();
  assert.deepEqual(complaints, []);
});

test('a user is found by key, blacklisted, and taken off the blacklist', async () => {
  const { page, complaints } = await fixture.open('users');
  await page.getByLabel('Licence key').fill(userKey);
  await page.getByRole('button', { name: 'Look up' }).click();
  const user = page.getByRole('region', { name: 'User' });
  const dialog = page.getByRole('dialog');
  await user.getByText('365843484059632433').waitFor();
  await user.getByRole('button', { name: 'Blacklist' }).click();
  await dialog.getByLabel('Reason').fill('Shared the key');
  await dialog.getByRole('button', { name: 'Blacklist' }).click();
  await user.getByText('Blacklisted for “Shared the key”, for good.').first().waitFor();
  assert.equal(fixture.sandbox.users.get(userKey)?.blacklisted, true);
  await user.getByRole('button', { name: 'Take off the blacklist' }).click();
  await dialog.getByText('Shared the key').waitFor();
  await dialog.getByRole('button', { name: 'Take off' }).click();
  await user.getByText('No longer blacklisted.').waitFor();
  assert.equal(fixture.sandbox.users.get(userKey)?.blacklisted, false);
  // A licence key is a secret as well.
  assert.ok(!page.url().includes(userKey));
  assert.ok(!(await page.locator('body').innerText()).includes(userKey));
  assert.deepEqual(complaints, []);
});

test('a user is blacklisted only after a dialog, which keeps what was typed until it is closed', async () => {
  const { page } = await fixture.open('users');
  await page.getByLabel('Licence key').fill(userKey);
  await page.getByRole('button', { name: 'Look up' }).click();
  const open = page.getByRole('region', { name: 'User' }).getByRole('button', { name: 'Blacklist' });
  const dialog = page.getByRole('dialog', { name: `Blacklist user …${userKey.slice(-4)}` });
  await open.click();
  await dialog.getByLabel('Reason').fill('Shared the key');
  fixture.sandbox.fault({
    kind: 'failure',
    code: -1,
    message: 'internal server error',
    route: 'POST /users/:user_key/blacklist',
  });
  await dialog.getByRole('button', { name: 'Blacklist' }).click();
  await dialog.getByRole('alert').waitFor();
  assert.equal(await dialog.getByLabel('Reason').inputValue(), 'Shared the key');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(fixture.sandbox.users.get(userKey)?.blacklisted, false);
  assert.ok(await open.evaluate((button) => button === document.activeElement));
});

test('while a user is looked up, the one before is gone, with the buttons that would act upon the new one', async () => {
  const { page } = await fixture.open('users');
  const lookUp = async (key: string) => {
    await page.getByLabel('Licence key').fill(key);
    await page.getByRole('button', { name: 'Look up' }).click();
  };
  const user = page.getByRole('region', { name: 'User' });
  await lookUp(userKey);
  await user.waitFor();
  fixture.sandbox.fault({ kind: 'hang', route: 'GET /users/:user_key' });
  await lookUp(seeded.expiredUserKey);
  await page.getByText('Loading').waitFor();
  assert.equal(await user.count(), 0);
});

test('the user of a session is one press away', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  await chooseIn(page.getByRole('row', { name: `${robloxId}` }), 'User');
  await page.getByRole('region', { name: 'User' }).getByText('365843484059632433').waitFor();
  assert.ok(!page.url().includes(userKey));
});

test('the user of a session is not shown to a visitor who has gone on meanwhile', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  const answerTo = (operation: string) =>
    page.waitForResponse(
      (response) => response.request().postData()?.includes(`query ${operation}`) === true,
    );
  const answered = answerTo('UserKey');
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('query UserKey')) {
      await page.getByRole('link', { name: 'Ad systems' }).click();
      await page.getByRole('heading', { name: 'Ad systems' }).waitFor();
    }
    await route.continue();
  });
  await chooseIn(page.getByRole('row', { name: `${robloxId}` }), 'User');
  await (await answered).finished();
  // The answer is a reason to read the quota: by then the page has taken it.
  await answerTo('Quota');
  assert.match(page.url(), /#\/ads$/);
});

test('a refusal is a sentence', async () => {
  const { page } = await fixture.open('users');
  await page.getByLabel('Licence key').fill(blacklistedUserKey);
  await page.getByRole('button', { name: 'Look up' }).click();
  const takeOff = page.getByRole('button', { name: 'Take off the blacklist' });
  await takeOff.waitFor();
  // Somebody else is faster.
  const user = fixture.sandbox.users.get(blacklistedUserKey);
  assert.ok(user);
  Object.assign(user, { blacklisted: false, blacklist_reason: null, blacklist_expires: null });
  await takeOff.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take off' }).click();
  await page.getByRole('alert').filter({ hasText: 'This user is not blacklisted.' }).waitFor();
});

test('a script is disabled, and enabled again', async () => {
  const { page } = await fixture.open(`script/${scriptId}`);
  await page.getByRole('button', { name: 'Disable' }).click();
  const dialog = page.getByRole('dialog', { name: 'Disable Nightfall Hub' });
  await dialog.getByText('Nightfall Suite').waitFor();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await page.getByText('Nightfall Hub is disabled.').waitFor();
  await page.getByText('Disabled', { exact: true }).waitFor();
  assert.equal(fixture.sandbox.scripts.get(scriptId)?.enabled, false);
  await page.getByRole('button', { name: 'Enable' }).click();
  await page.getByText('Enabled', { exact: true }).waitFor();
});

test('ad systems are listed, changed and made', async () => {
  const { page, complaints } = await fixture.open('ads');
  const row = (name: string) => page.getByRole('row', { name });
  await row('Daily key').getByText('up to 7 d').waitFor();
  await row('Daily key').getByRole('button', { name: 'Edit' }).click();
  // As a fraction it is no whole number of milliseconds by itself.
  await page.getByLabel('A key lasts').fill('1.1');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await row('Daily key').getByText('1 h 6 min').waitFor();
  const edit = fixture.sandbox.calls.find(({ path }) => path.endsWith('/edit'));
  assert.deepEqual(edit?.body, { key_duration: 3_960_000 });
  await page.getByRole('button', { name: 'New ad system' }).click();
  await page.getByLabel('Name').fill('Autumn key');
  await page.getByLabel('Project id').fill('no-such-project');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page
    .getByRole('alert')
    .filter({ hasText: /This project cannot have an ad system|LuaAuth does not allow this/ })
    .waitFor();
  await page.getByLabel('Project id').fill(projectId);
  await page.getByRole('button', { name: 'Make it' }).click();
  await row('Autumn key').waitFor();
  assert.deepEqual(complaints, []);
});

test('an ad system whose project is gone is given another, and keeps it unless one is given', async () => {
  fixture.sandbox.projects.delete(seeded.namesProjectId);
  const { page } = await fixture.open('ads');
  const row = page.getByRole('row', { name: 'Event key' });
  const edits = () => fixture.sandbox.calls.filter(({ path }) => path.endsWith('/edit'));
  const change = async (label: string, value: string) => {
    await row.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel(label).fill(value);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' });
    return edits().at(-1)?.body;
  };
  assert.deepEqual(await change('Keys of a user', '2'), { max_keys: 2 });
  assert.deepEqual(await change('Project id', projectId), { project_id: projectId });
  await row.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
});

test('the meter shows what of the quota is used', async () => {
  const { page } = await fixture.open(`project/${projectId}`);
  await page.getByText(/^\d+ of 50 calls this second$/).waitFor();
  const meter = page.getByRole('meter', { name: 'Quota of LuaAuth' });
  assert.equal(await meter.getAttribute('max'), '50');
});

test('the key is kept by the session of the browser alone, until the visitor signs out', async () => {
  const { page } = await fixture.open(`project/${projectId}`);
  const heading = page.getByRole('heading', { name: 'Nightfall Suite' });
  await heading.waitFor();
  await page.reload();
  await heading.waitFor();
  const kept = () =>
    page.evaluate(() => ({
      lasting: JSON.stringify([location.href, { ...localStorage }, document.cookie]),
      session: JSON.stringify({ ...sessionStorage }),
    }));
  const before = await kept();
  assert.ok(before.session.includes(sandboxKeys.full));
  assert.ok(!before.lasting.includes(sandboxKeys.full));
  const other = await page.context().newPage();
  await other.goto(fixture.url);
  await other.getByLabel('API key').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.ok(!(await kept()).session.includes(sandboxKeys.full));
});

test('a browser that keeps no data of sites knows the key until the page is loaded anew', async () => {
  const { page, complaints } = await fixture.visit();
  await page.addInitScript(() =>
    Object.defineProperty(window, 'sessionStorage', {
      get() {
        throw new DOMException('Access is denied.', 'SecurityError');
      },
    }),
  );
  await page.reload();
  await fixture.signIn(page);
  await page.getByRole('link', { name: 'Nightfall Suite' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(complaints, []);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page fits a phone, ${colorScheme}`, async () => {
    const viewport = { width: 390, height: 844 };
    const { page, complaints } = await fixture.open('projects', { viewport, colorScheme });
    for (const [path, title] of [
      ['projects', 'Projects'],
      [`project/${projectId}`, 'Nightfall Suite'],
      [`script/${scriptId}`, 'Nightfall Hub'],
      ['users', 'Users'],
      ['ads', 'Ad systems'],
    ]) {
      await page.goto(`${fixture.url}/#/${path}`);
      await page.getByRole('heading', { name: title ?? '', exact: true }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, path);
    }
    const [background] = await page.evaluate(() =>
      (getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? []).map(Number),
    );
    assert.equal(Number(background) > 128, colorScheme === 'light');
    assert.deepEqual(complaints, []);
  });
}

test('what is built knows no address of a gateway', async () => {
  const { page } = await fixture.visit();
  const source = await page.locator('script[src]').getAttribute('src');
  const script = await (await fetch(new URL(source ?? '', `${fixture.url}/`))).text();
  assert.ok(script.includes('../graphql'));
  assert.doesNotMatch(script, /127\.0\.0\.1|:4000/);
});
