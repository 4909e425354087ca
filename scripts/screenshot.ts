import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { launchChromium } from '../test/support/browsers/chromium.ts';
import { startProcess } from '../test/support/processes/process.ts';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const WIDTHS = { wide: { width: 1280, height: 720 }, narrow: { width: 390, height: 844 } };
const COLOURS = ['light', 'dark'] as const;

/** Every look of the page that a person should like: what was done before the picture was taken. */
const SCENES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  first: async () => undefined,
  answer: async (page) => {
    await open(page, 'ConnectedUsers');
    await page.getByLabel('Execute query').click();
    await page.locator('.answer-facts').getByText('REST calls').waitFor();
  },
  events: async (page) => {
    await open(page, 'WhoIsOn');
    await page.getByLabel('Execute query').click();
    await page.locator('[data-uri$="response.json"]').getByText('SessionsChange').waitFor();
  },
  error: async (page) => {
    await page.getByLabel('LuaAuth API key').fill('wrong');
    await page.getByLabel('Execute query').click();
    await page.locator('.answer-facts').getByText('request').waitFor();
  },
  documentation: (page) => page.getByLabel('Show Documentation Explorer').click(),
};

/**
 * `npm run screenshot`: the picture in the README, GraphiQL over the sandbox with an answer and what it cost. With a folder, as
 * in `npx tsx scripts/screenshot.ts FOLDER`, every look of the page goes there: light and dark, wide and as on a phone.
 */
const [folder] = process.argv.slice(2);
const gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent' });
const browser = await launchChromium();
try {
  const url = await gateway.listening();
  if (folder === undefined) await take(url, 'answer', 'wide', 'light', join(IMAGES, 'graphiql.png'));
  else {
    mkdirSync(folder, { recursive: true });
    for (const scene of Object.keys(SCENES))
      for (const width of ['wide', 'narrow'] as const)
        for (const colours of COLOURS)
          await take(url, scene, width, colours, join(folder, `${scene}-${width}-${colours}.png`));
  }
} finally {
  await browser.close();
  await gateway.kill();
}

async function take(
  url: string,
  scene: string,
  width: keyof typeof WIDTHS,
  colorScheme: (typeof COLOURS)[number],
  path: string,
): Promise<void> {
  const context = await browser.newContext({ viewport: WIDTHS[width], colorScheme, reducedMotion: 'reduce' });
  try {
    const page = await context.newPage();
    await page.goto(`${url}/graphql`);
    await page.getByLabel('Execute query').waitFor();
    await SCENES[scene]?.(page);
    // The caret blinks, and a tooltip hides what is below the mouse.
    await page.mouse.move(640, 5);
    await page.evaluate('document.activeElement.blur()');
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  } finally {
    await context.close();
  }
}

async function open(page: Page, tab: string): Promise<void> {
  await page.locator('.graphiql-tab-button').getByText(tab, { exact: true }).click();
  await page.locator('[data-uri$="operation.graphql"]').getByText(tab).waitFor();
}
