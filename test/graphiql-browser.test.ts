import type { Browser, Page, Request, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from './support/chromium.ts';
import { type GatewayProcess, startProcess } from './support/process.ts';

const INSTALLING_MS = 600_000;
const TEST_MS = 60_000;
const WAIT_MS = 30_000;
const TABS = ['Script', 'ConnectedUsers', 'UsersInPlace', 'EditScript'];
// In the page: how many bytes came for it.
const NAVIGATION = "JSON.stringify(performance.getEntriesByType('navigation')[0])";

let browser: Browser;
let gateway: GatewayProcess;
let url: string;
let page: Page;
/** What a visitor would find in the console, and the addresses that the page asked for. */
let complaints: string[];
let addresses: string[];

beforeAll(async () => {
  gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent' });
  [browser, url] = await Promise.all([launchChromium(), gateway.listening()]);
}, INSTALLING_MS);
afterAll(async () => {
  await browser?.close();
  await gateway?.kill();
});

beforeEach(async () => {
  complaints = [];
  addresses = [];
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(WAIT_MS);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => addresses.push(request.url()));
  await open();
}, TEST_MS);
// A page that breaks the policy, or that lacks something from elsewhere, says so in the console.
afterEach(async () => {
  await page.context().close();
  expect(complaints).toEqual([]);
  expect(addresses.filter((address) => !/^(data|blob):/.test(address) && !address.startsWith(url))).toEqual(
    [],
  );
});

async function open(): Promise<void> {
  await page.goto(`${url}/graphql`);
  await page.getByLabel('Execute query').waitFor();
}

const tabs = () => page.locator('.graphiql-tab-button');
const tab = (name: string) => tabs().getByText(name, { exact: true });

/** What an editor shows; Monaco writes spaces as non-breaking ones. */
async function textOf(editor: string): Promise<string> {
  const lines = page.locator(`[data-uri$="${editor}"] .view-lines`);
  return ((await lines.textContent()) ?? '').replaceAll('\u00a0', ' ');
}

/** Waits until an editor has this text, spaces and line breaks aside. */
async function shows(editor: string, text: string): Promise<void> {
  const bare = async () => (await textOf(editor)).replaceAll(/\s/g, '');
  await expect.poll(bare, { timeout: WAIT_MS }).toContain(text.replaceAll(' ', ''));
}

/** All that the browser keeps for the page. */
const kept = (): Promise<string> =>
  page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
const keptTabs = (): Promise<string> => page.evaluate("localStorage.getItem('graphiql:tabState') ?? ''");

/**
 * Runs the tab that is shown; gives the answer as it came, once the page shows it. GraphiQL loses a press within a
 * moment after a tab was opened: like a visitor, this presses again when nothing happens.
 */
async function run(): Promise<Answer> {
  const isOperation = (one: Request) => one.method() === 'POST';
  const press = async (): Promise<Request> => {
    const sent = page.waitForRequest(isOperation, { timeout: 1_000 }).catch(() => undefined);
    await page.getByLabel('Execute query').click();
    return (await sent) ?? press();
  };
  const response = (await (await press()).response()) as Response;
  const answer = (await response.json()) as Answer;
  const { data, errors } = answer;
  // Of a long answer the editor holds what can be seen, and it breaks long lines.
  const beginning = errors ? JSON.stringify(errors[0]?.message) : JSON.stringify(data);
  await shows('response.json', beginning.replaceAll(' ', '').slice(0, 60));
  return answer;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
  readonly extensions?: { readonly upstream?: { readonly calls: number } };
}

async function setHeaders(headers: Record<string, string>): Promise<void> {
  const text = JSON.stringify(headers);
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await page.locator('[data-uri$="request-headers.json"] .view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
  // The editor closes brackets and quotes of its own accord.
  await page.keyboard.press('ControlOrMeta+Shift+End');
  await page.keyboard.press('Delete');
  await expect.poll(() => textOf('request-headers.json'), { timeout: WAIT_MS }).toBe(text);
}

describe('GraphiQL in a browser', { timeout: TEST_MS }, () => {
  it('loads from the gateway alone, with its tabs ready', async () => {
    expect(await page.title()).toBe('GraphiQL · LuaAuth');
    expect(await tabs().allInnerTexts()).toEqual(TABS);
    await shows('operation.graphql', '# Welcome.');
  });

  it('is the way in for who opens / instead', async () => {
    await page.goto(url);
    expect(page.url()).toBe(`${url}/graphql`);
    await page.getByLabel('Execute query').waitFor();
  });

  it('comes compressed, and from the cache of the browser when it is opened again', async () => {
    const sizes = async () => JSON.parse(await page.evaluate(NAVIGATION));
    const first = await sizes();
    expect(first.encodedBodySize).toBeLessThan(first.decodedBodySize / 2);
    expect(first.transferSize).toBeGreaterThanOrEqual(first.encodedBodySize);
    await run();
    await page.goto(`${url}/graphql`);
    expect((await sizes()).transferSize).toBeLessThan(first.transferSize / 1_000);
  });

  it('has the documentation of the schema', async () => {
    await page.getByLabel('Show Documentation Explorer').click();
    const docs = page.locator('.graphiql-plugin');
    await docs.getByRole('link', { name: 'Query', exact: true }).click();
    await docs.getByText('Reads. Each distinct script, session').waitFor();
    await docs.getByRole('link', { name: 'script', exact: true }).click();
    await docs.getByText('Costs one REST call.').waitFor();
    await docs.getByText('The id of the script.').waitFor();
  });

  it.each([
    ['Script', 'Nightfall Hub', 1],
    ['ConnectedUsers', '"hasNextPage":true', 3],
    ['UsersInPlace', '"placeId":"606849621"', 2],
    ['EditScript', '"EditScriptSuccess"', 2],
  ])('runs the tab %s as it is, shows its data and what it cost', async (name, data, mostCalls) => {
    await tab(name).click();
    // As a visitor does: first look, then run.
    await shows('operation.graphql', `${name === 'EditScript' ? 'mutation' : 'query'} ${name}`);
    const answer = await run();
    expect(answer.errors).toBeUndefined();
    expect(JSON.stringify(answer.data)).toContain(data);
    expect(answer.extensions?.upstream?.calls).toBeLessThanOrEqual(mostCalls);
  });

  it.each([
    ['a wrong key', { token: 'nobody' }, 'FORBIDDEN', 'LuaAuth refused'],
    ['no key', {}, 'UNAUTHENTICATED', 'needs a LuaAuth API key'],
  ])('shows the error for %s, and what to do', async (_what, headers, code, message) => {
    await setHeaders(headers);
    const { data, errors } = await run();
    expect(data).toEqual({ script: null });
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual([code]);
    expect(errors?.[0]?.message).toContain(message);
    await shows('response.json', message);
  });

  it('forgets a key that was typed when the page is loaded again, and never puts it into the address', async () => {
    await setHeaders({ token: 'typed-secret' });
    await run();
    expect(page.url()).toBe(`${url}/graphql`);
    await expect.poll(kept, { timeout: WAIT_MS }).toContain('query Script');
    expect(await kept()).not.toContain('typed-secret');
    await page.reload();
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    await shows('request-headers.json', '"token": "sandbox-key"');
    expect(await page.context().cookies()).toEqual([]);
  });

  it('is found as it was left: the same tabs, the one that was open, and what was typed', async () => {
    await page.reload();
    await expect.poll(() => tabs().allInnerTexts(), { timeout: WAIT_MS }).toEqual(TABS);
    await tab('ConnectedUsers').click();
    await page.locator('[data-uri$="operation.graphql"] .view-lines').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText('query Mine { __typename }');
    await expect.poll(keptTabs, { timeout: WAIT_MS }).toContain('query Mine');
    for (let visit = 0; visit < 2; visit += 1) {
      await page.reload();
      await shows('operation.graphql', 'query Mine');
      expect(await tabs().allInnerTexts()).toEqual(['Script', 'Mine', 'UsersInPlace', 'EditScript']);
    }
  });
});
