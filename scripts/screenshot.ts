import { fileURLToPath } from 'node:url';
import { launchChromium } from '../test/support/chromium.ts';
import { startProcess } from '../test/support/process.ts';

const IMAGE = fileURLToPath(new URL('../docs/images/graphiql.png', import.meta.url));
const TAB = 'ConnectedUsers';

/** `npm run screenshot`: the picture in the README. GraphiQL over the sandbox, with an answer and what it cost. */
const gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent' });
const browser = await launchChromium();
try {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`${await gateway.listening()}/graphql`);
  await page.locator('.graphiql-tab-button').getByText(TAB, { exact: true }).click();
  await page.getByLabel('Execute query').click();
  await page.locator('.answer-facts').getByText('REST calls').waitFor();
  // The caret blinks, and a tooltip hides what is below the mouse.
  await page.mouse.move(640, 5);
  await page.evaluate('document.activeElement.blur()');
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: IMAGE, animations: 'disabled', caret: 'hide' });
} finally {
  await browser.close();
  await gateway.kill();
}
