import { after, afterEach, before, beforeEach } from 'node:test';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { launchChromium } from '../../../test/support/browsers/chromium.ts';
import {
  type GatewayProcess,
  startProcess,
  type Variables,
} from '../../../test/support/processes/process.ts';

export { sandboxKeys, seeded };

interface Visit {
  readonly page: Page;
  /** The errors in the page's console, such as a missing file, or something that its policy forbids. */
  readonly complaints: string[];
}

/** Chooses an entry of the menu of a row. */
export async function chooseIn(row: Locator, entry: string): Promise<void> {
  await row.getByRole('button', { name: 'Actions for' }).click();
  await row.getByRole('menuitem', { name: entry, exact: true }).click();
}

/** A sandbox, the gateway's own process in front of it, which serves the dashboard as built, and a Chromium: all on loopback. */
export function openDashboard(variables: Variables = {}, files?: (directory: string) => void) {
  let gateway: GatewayProcess;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const fixture = {
    sandbox: {} as Sandbox,
    url: '',
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    /** A new visitor, who has a browser of their own. */
    async visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
      const context = await browser.newContext(options);
      contexts.push(context);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
      await page.goto(fixture.url);
      return { page, complaints };
    },
    async signIn(page: Page, key: string = sandboxKeys.full): Promise<void> {
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
    },
    /** A visitor who is signed in and has opened a page by its address. */
    async open(path: string, options?: Parameters<Browser['newContext']>[0], key?: string): Promise<Visit> {
      const visit = await fixture.visit(options);
      await fixture.signIn(visit.page, key);
      await visit.page.getByRole('link', { name: 'Ad systems' }).waitFor();
      await visit.page.goto(`${fixture.url}/#/${path}`);
      return visit;
    },
  };
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0, disconnectMs: 0 });
    const own = {
      PORT: '0',
      LOG_LEVEL: 'silent',
      DASHBOARD: 'true',
      LUAAUTH_API_URL: fixture.sandbox.url,
      FRESH_MS: '0',
      STALE_MS: '0',
    };
    gateway = startProcess({ ...own, ...variables }, files);
    fixture.url = `${await gateway.listening()}/dashboard`;
    browser = await launchChromium();
  });
  beforeEach(() => fixture.sandbox.reset());
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  after(async () => {
    await browser.close();
    await gateway.kill();
    await fixture.sandbox.close();
  });
  return fixture;
}
