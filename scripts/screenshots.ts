import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { sandboxKeys } from '../src/features/sandbox/keys.ts';
import { seeded } from '../src/features/sandbox/seed-data.ts';
import { launchChromium } from '../test/support/browsers/chromium.ts';
import { startProcess } from '../test/support/processes/process.ts';

const PHONE = { width: 390, height: 844 };

/** `npx tsx scripts/screenshots.ts`, after `npm run build` and `npm run dashboard`: takes the pictures in `docs/images` anew. */
const gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent', DASHBOARD: 'true' });
const browser = await launchChromium();
try {
  const url = await gateway.listening();
  await takeGraphiQL(await visit(`${url}/graphql`, 'light', { width: 1280, height: 720 }));
  await takeProject(await signIn(`${url}/dashboard/`, 'light'));
  await takeScript(await signIn(`${url}/dashboard/`, 'dark'), 'dashboard-live');
  await takeScript(await signIn(`${url}/dashboard/`, 'light', PHONE), 'dashboard-phone');
} finally {
  await browser.close();
  await gateway.kill();
}

async function visit(
  url: string,
  colorScheme: 'light' | 'dark',
  viewport: { width: number; height: number },
): Promise<Page> {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function signIn(
  url: string,
  colorScheme: 'light' | 'dark',
  viewport = { width: 1280, height: 860 },
): Promise<Page> {
  const page = await visit(url, colorScheme, viewport);
  await page.getByLabel('API key').fill(sandboxKeys.full);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Nightfall Suite' }).click();
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  return page;
}

async function takeGraphiQL(page: Page): Promise<void> {
  await page.locator('.graphiql-tab-button').getByText('ConnectedUsers', { exact: true }).click();
  await page.locator('[data-uri$="operation.graphql"]').getByText('ConnectedUsers').waitFor();
  await page.getByLabel('Execute query').click();
  await page.locator('.answer-facts').getByText('REST calls').waitFor();
  await save(page, 'graphiql');
}

async function takeProject(page: Page): Promise<void> {
  await page.getByText('calls this second').waitFor();
  await save(page, 'dashboard');
}

async function takeScript(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Nightfall Hub' }).click();
  await page.getByText(String(seeded.robloxId)).waitFor();
  await page.getByLabel(`Choose ${seeded.robloxId}`).check();
  // Scrolls to below the bar, which stays at the top of the page.
  await page.getByText('Executions by day').evaluate((title) => title.scrollIntoView({ block: 'start' }));
  await page.evaluate("scrollBy(0, -24 - document.querySelector('header').offsetHeight)");
  await save(page, name);
}

async function save(page: Page, name: string): Promise<void> {
  // The caret blinks, and a tooltip hides what is below the mouse.
  await page.mouse.move(5, 5);
  await page.evaluate('document.activeElement.blur()');
  await page.evaluate('document.fonts.ready');
  const path = fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url));
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  await page.context().close();
}
