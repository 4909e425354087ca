import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { sandboxKeys } from '../src/features/sandbox/keys.ts';
import { seeded } from '../src/features/sandbox/seed-data.ts';
import { launchChromium } from '../test/support/browsers/chromium.ts';
import { startProcess } from '../test/support/processes/process.ts';

const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

/** `npm run screenshot`: the pictures of the dashboard, as built, over the sandbox. Its key is in none of them. */
const gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent', DASHBOARD: 'true' });
const browser = await launchChromium();
try {
  const url = `${await gateway.listening()}/dashboard/`;
  await takeProject(await visit(browser, url, DESKTOP, 'light'));
  await takeScript(await visit(browser, url, DESKTOP, 'dark'));
  await takePhone(await visit(browser, url, PHONE, 'light'));
} finally {
  await browser.close();
  await gateway.kill();
}

async function visit(
  from: Browser,
  url: string,
  viewport: { width: number; height: number },
  colorScheme: 'light' | 'dark',
): Promise<Page> {
  const context = await from.newContext({ viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel('API key').fill(sandboxKeys.full);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Nightfall Suite' }).click();
  await page.getByRole('heading', { name: 'Nightfall Suite' }).waitFor();
  return page;
}

async function takeProject(page: Page): Promise<void> {
  await page.getByText('calls this second').waitFor();
  await save(page, 'dashboard');
}

async function takeScript(page: Page): Promise<void> {
  await openScript(page);
  await save(page, 'dashboard-live');
}

async function takePhone(page: Page): Promise<void> {
  await openScript(page);
  await save(page, 'dashboard-phone');
}

async function openScript(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Nightfall Hub' }).click();
  await page.getByText(String(seeded.robloxId)).waitFor();
  await page.getByLabel(`Choose ${seeded.robloxId}`).check();
  // Below the bar, which stays.
  await page.getByText('Executions by day').evaluate((title) => title.scrollIntoView({ block: 'start' }));
  await page.evaluate("scrollBy(0, -24 - document.querySelector('header').offsetHeight)");
}

async function save(page: Page, name: string): Promise<void> {
  await page.mouse.move(5, 5);
  await page.evaluate('document.activeElement.blur()');
  await page.evaluate('document.fonts.ready');
  const path = fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url));
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  await page.context().close();
}
