import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../../test/support/browsers/chromium.ts';
import { GROUPS } from '../.vitepress/pages.ts';
import { type Site, serveSite } from './support/serve-site.ts';

const DIST = new URL('../dist/', import.meta.url);
const pages = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.html') && path !== '404.html',
);
const textOf = (path: string) => readFileSync(new URL(path, DIST), 'utf8');

let site: Site;
let browser: Browser;
before(async () => {
  site = await serveSite();
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  await site.close();
});

/** A page in a browser, with what it has complained about and whom else it has asked. */
async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}) {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url))
      complaints.push(request.url());
  });
  await page.goto(site.url + path);
  return { page, complaints };
}

async function search(page: Page, words: string): Promise<void> {
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox').fill(words);
}

test('every file of the groups is a page, and there is no other', () => {
  assert.equal(pages.length, Object.values(GROUPS).flat().length);
});

test('every link inside the site leads to a page that is there, and to a heading of it', () => {
  const missing: string[] = [];
  let count = 0;
  for (const path of pages) {
    for (const [, href = ''] of textOf(path).matchAll(/<a [^>]*href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      count += 1;
      const { pathname, hash } = new URL(href, `http://site/${path}`);
      const target = pathname.endsWith('/') ? `${pathname.slice(1)}index.html` : pathname.slice(1);
      const file = target.endsWith('.html') ? target : `${target}.html`;
      const isThere = existsSync(new URL(file, DIST));
      if (!isThere || (hash && !textOf(file).includes(`id="${decodeURIComponent(hash.slice(1))}"`)))
        missing.push(`${path}: ${href}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(count > 1_000, `${count} links`);
});

test('a visitor searches without a server, and finds the section', async () => {
  const { page, complaints } = await open('/');
  await search(page, 'circuit breaker');
  const result = page.locator('.VPLocalSearchBox .result').filter({ hasText: 'Errors' }).first();
  await result.waitFor();
  await result.click();
  await page.waitForURL(/\/errors(\.html)?#/);
  await page.getByRole('heading', { level: 1, name: 'Errors' }).waitFor();
  assert.deepEqual(complaints, []);
});

test('the reference of the schema is found by the name of a mutation', async () => {
  const { page, complaints } = await open('/');
  await search(page, 'blacklistUser');
  await page
    .locator('.VPLocalSearchBox .result')
    .filter({ hasText: 'Mutation.blacklistUser' })
    .first()
    .click();
  await page.waitForURL(/\/schema(\.html)?#mutationblacklistuser$/);
  await page.locator('#mutationblacklistuser').waitFor();
  assert.deepEqual(complaints, []);
});

test("a seller's words lead to the recipes before anything else", async () => {
  for (const [words, path] of [
    ['ban', 'customers'],
    ['hwid', 'customers'],
    ['kick', 'disconnect-users'],
    ['who is online', 'who-'],
    ['many keys', 'bulk-edits'],
  ] as const) {
    const { page, complaints } = await open('/');
    await search(page, words);
    const first = page.locator('.VPLocalSearchBox .result').first();
    await first.waitFor();
    const href = await first.getAttribute('href');
    assert.match(href ?? '', new RegExp(`^/recipes/${path}`), words);
    assert.deepEqual(complaints, []);
    await page.context().close();
  }
});

test('a source that is no page is linked in the repository', () => {
  assert.match(
    textOf('recipes/customers.html'),
    /href="https:\/\/github\.com\/luaauth-graphql\/luaauth-graphql\/blob\/main\/examples\/clients\/python\/licence\.py"/,
  );
});

test('pages fit a phone', async () => {
  for (const path of ['/', '/configuration', '/schema', '/recipes/customers']) {
    const { page, complaints } = await open(path, { viewport: { width: 390, height: 844 } });
    await page.locator('h1, .VPHero').first().waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, path);
    assert.deepEqual(complaints, []);
    await page.context().close();
  }
});
