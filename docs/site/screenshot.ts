import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../test/support/browsers/chromium.ts';
import { serveSite } from './test/support/serve-site.ts';

const IMAGE = fileURLToPath(new URL('../images/docs-site.png', import.meta.url));

/** `npm run screenshot`: a page of the documentation's site. */
const site = await serveSite();
const browser = await launchChromium();
try {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`${site.url}/recipes/whole-project`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: IMAGE, animations: 'disabled', caret: 'hide' });
} finally {
  await browser.close();
  await site.close();
}
