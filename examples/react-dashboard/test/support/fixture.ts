import { after, before, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';
import { sandboxKeys } from '../../../../src/sandbox/keys.ts';
import { seeded } from '../../../../src/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../../src/sandbox/server.ts';
import { launchChromium } from '../../../../test/support/chromium.ts';
import { type GatewayProcess, startProcess } from '../../../../test/support/process.ts';

export { sandboxKeys, seeded };

/** A sandbox, the gateway's own process in front of it, the dashboard as built, and a Chromium: all on loopback. */
export function openDashboard() {
  let gateway: GatewayProcess;
  let server: PreviewServer;
  let browser: Browser;
  const fixture = {
    sandbox: {} as Sandbox,
    url: '',
    /** Method and path of everything that reached the REST side, in order. */
    lines: () => fixture.sandbox.calls.map(({ method, path }) => `${method} ${path}`),
    /** A new visitor, and what the page has complained about. */
    async visit(): Promise<{ page: Page; complaints: string[] }> {
      const page = await (await browser.newContext()).newPage();
      const complaints: string[] = [];
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
      await page.goto(fixture.url);
      return { page, complaints };
    },
    async signIn(page: Page, apiKey: string, projectId: string): Promise<void> {
      await page.getByLabel('API key').fill(apiKey);
      await page.getByLabel('Project id').fill(projectId);
      await page.getByRole('button', { name: 'Open' }).click();
    },
  };
  before(async () => {
    fixture.sandbox = await startSandbox({ rate: 0 });
    gateway = startProcess({
      PORT: '0',
      LOG_LEVEL: 'silent',
      LUAAUTH_API_URL: fixture.sandbox.url,
      LUAAUTH_RATE: '0',
      LUAAUTH_TOTAL_RATE: '0',
      FRESH_MS: '0',
      STALE_MS: '0',
    });
    process.env.GATEWAY_URL = await gateway.listening();
    server = await preview({
      root: fileURLToPath(new URL('../../', import.meta.url)),
      logLevel: 'error',
      preview: { port: 0 },
    });
    fixture.url = server.resolvedUrls?.local[0] ?? '';
    browser = await launchChromium();
  });
  beforeEach(() => fixture.sandbox.reset());
  after(async () => {
    await browser.close();
    await server.close();
    await gateway.kill();
    await fixture.sandbox.close();
  });
  return fixture;
}
