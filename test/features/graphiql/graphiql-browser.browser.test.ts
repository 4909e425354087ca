import { request as ask, createServer } from 'node:http';
import type { Browser, Page, Request, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { axeProblems } from '../../support/browsers/axe.ts';
import { launchChromium } from '../../support/browsers/chromium.ts';
import { listen } from '../../support/network/listen.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { needing } from '../../support/processes/tools.ts';

const TEST_MS = 60_000;
const WAIT_MS = 30_000;
const TABS = [
  'Script',
  'ConnectedUsers',
  'UsersInPlace',
  'WhoIsOn',
  'ProjectExecutions',
  'UserByKey',
  'EditScript',
  'BlacklistAgain',
];
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
// In the page: how many bytes came for it and all that it loaded.
const LOADED = `JSON.stringify(['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type)))`;

// In the page: the colours of the bar above GraphiQL, its text and what is behind it.
const COLOURS = `(({ color, backgroundColor }) => JSON.stringify([color, backgroundColor]))(
  getComputedStyle(document.querySelector('.key-bar')),
)`;
const lightness = (colour: string) => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue;
};

let browser: Browser;
let gateway: GatewayProcess;
let url: string;
/** The window that tests share: where the page has been open before, it opens in a fifth of the time. */
let shared: Page;
let page: Page;
/** The errors and warnings in the console, and the addresses that the page asked for. */
let complaints: string[];
let addresses: string[];

beforeAll(async () => {
  gateway = startProcess({ PORT: '0', LOG_LEVEL: 'silent' });
  [browser, url] = await Promise.all([launchChromium(), gateway.listening()]);
  shared = await newWindow();
}, TEST_MS);
afterAll(async () => {
  await browser?.close();
  await gateway?.kill();
});

beforeEach(async () => {
  complaints = [];
  addresses = [];
  page = shared;
  await open();
}, TEST_MS);
// A page that breaks the policy, or that lacks something from elsewhere, says so in the console.
afterEach(async () => {
  if (page !== shared) await page.context().close();
  await leave();
  expect(complaints).toEqual([]);
  expect(addresses.filter((address) => !/^(data|blob):/.test(address) && !address.startsWith(url))).toEqual(
    [],
  );
}, TEST_MS);

/** A window of a browser that knows nothing of the page. */
async function newWindow(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const window = await context.newPage();
  window.setDefaultTimeout(WAIT_MS);
  window.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  window.on('pageerror', ({ message }) => complaints.push(message));
  window.on('request', (request) => addresses.push(request.url()));
  return window;
}

async function open(): Promise<void> {
  await page.goto(`${url}/graphql`);
  await page.getByLabel('Execute query').waitFor();
}

/** Leaves the page in the shared window, and makes the window as it was, all that the page has kept included. */
async function leave(): Promise<void> {
  const context = shared.context();
  await Promise.all(context.pages().map((one) => one !== shared && one.close()));
  // A page of the same origin, without a script that goes on keeping, and with an icon, which a browser would ask for.
  const body = '<link rel="icon" href="data:,">';
  await shared.route(`${url}/empty`, (route) => route.fulfill({ contentType: 'text/html', body }));
  await shared.goto(`${url}/empty`);
  await shared.evaluate('localStorage.clear(); sessionStorage.clear()');
  await shared.unrouteAll({ behavior: 'ignoreErrors' });
  await context.clearCookies();
  await context.clearPermissions();
  await shared.emulateMedia({ colorScheme: 'light' });
  await shared.setViewportSize({ width: 1280, height: 800 });
  await shared.mouse.move(0, 0);
}

const tabs = () => page.locator('.graphiql-tab-button');
const tab = (name: string) => tabs().getByText(name, { exact: true });

const editorOf = (editor: string) => page.locator(`[data-uri$="${editor}"] .cm-content`);

/** The text that can be seen in an editor. */
const textOf = async (editor: string): Promise<string> => (await editorOf(editor).textContent()) ?? '';

/** Waits until an editor has this text, spaces and line breaks aside. */
async function shows(editor: string, text: string): Promise<void> {
  const bare = async () => (await textOf(editor)).replaceAll(/\s/g, '');
  await expect.poll(bare, { timeout: WAIT_MS }).toContain(text.replaceAll(' ', ''));
}

/** All that the browser keeps for the page. */
const kept = (): Promise<string> =>
  page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
const keptTabs = (): Promise<string> => page.evaluate("localStorage.getItem('graphiql:tabState') ?? ''");

/** Presses a button until an operation leaves. */
const run = () => answerTo(() => page.getByLabel('Execute query').click());
const plan = () => answerTo(() => page.getByLabel(/^Plan: /).click());

/**
 * Gives the answer as it came, once the page shows it. GraphiQL loses a press within a moment after a tab was opened:
 * like a visitor, this presses again when nothing happens.
 */
async function answerTo(press: () => Promise<void>): Promise<Answer> {
  const isOperation = (one: Request) => one.method() === 'POST';
  const send = async (): Promise<Request> => {
    const sent = page.waitForRequest(isOperation, { timeout: 1_000 }).catch(() => undefined);
    await press();
    return (await sent) ?? send();
  };
  const request = await send();
  const response = (await request.response()) as Response;
  const bytes = await response.body();
  const answer = JSON.parse(bytes.toString()) as Omit<Answer, 'http'>;
  const { data, errors } = answer;
  // The editor holds the visible part of a long answer, and breaks long lines.
  const beginning = errors ? JSON.stringify(errors[0]?.message) : JSON.stringify(data);
  await shows('response.json', beginning.replaceAll(' ', '').slice(0, 60));
  const http = {
    status: response.status(),
    bytes: bytes.length,
    sent: request.headers(),
    requestId: response.headers()['x-request-id'],
  };
  return { ...answer, http };
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
  readonly extensions?: { readonly upstream?: { readonly calls?: number; readonly price?: number } };
  readonly http: {
    readonly status: number;
    readonly bytes: number;
    readonly sent: Readonly<Record<string, string>>;
    readonly requestId: string | undefined;
  };
}

interface Loaded {
  readonly transferSize: number;
  readonly encodedBodySize: number;
  readonly decodedBodySize: number;
}

/** The bytes of the document and its files, without the operations that it has sent. */
async function loaded(): Promise<Loaded> {
  const entries: (Loaded & { readonly name: string })[] = JSON.parse(await page.evaluate(LOADED));
  const files = entries.filter(({ name }) => !name.endsWith('/graphql/'));
  const sum = (of: keyof Loaded) => files.reduce((total, file) => total + file[of], 0);
  return {
    transferSize: sum('transferSize'),
    encodedBodySize: sum('encodedBodySize'),
    decodedBodySize: sum('decodedBodySize'),
  };
}

const keyField = () => page.getByLabel('LuaAuth API key');
const factsShown = () => page.locator('.answer-facts span').allInnerTexts();

/** Puts a text into an editor in the place of what it holds. */
async function type(editor: string, text: string): Promise<void> {
  await editorOf(editor).click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
  // The editor closes brackets and quotes of its own accord.
  await page.keyboard.press('ControlOrMeta+Shift+End');
  await page.keyboard.press('Delete');
  await expect.poll(() => textOf(editor), { timeout: WAIT_MS }).toBe(text);
}

async function typeHeaders(headers: Record<string, string>): Promise<void> {
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await type('request-headers.json', JSON.stringify(headers));
}

/** Chromium tells of each answer with a status of 400 or more, and of each that does not come. */
function forgetFailedLoads(): void {
  complaints = complaints.filter((text) => !text.startsWith('Failed to load resource'));
}

/** Opens the tab that has a subscription, and runs it until its first event is there. */
async function subscribe(): Promise<void> {
  await tab('WhoIsOn').click();
  await shows('operation.graphql', ' WhoIsOn');
  await expect
    .poll(
      async () => {
        const stop = page.getByLabel('Stop query');
        if (!(await stop.isVisible())) await page.getByLabel('Execute query').click();
        return textOf('response.json');
      },
      { timeout: WAIT_MS },
    )
    .toContain('SessionsSnapshot');
}

/** A proxy that has a server below a path, which it takes away. */
async function startProxyBelow(path: string, target: string) {
  const server = createServer((message, response) => {
    const { url: asked = '', method, headers } = message;
    if (!asked.startsWith(`${path}/`)) return void response.writeHead(404).end();
    const toServer = ask(`${target}${asked.slice(path.length)}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    message.pipe(toServer);
  });
  const { url, close } = await listen(server);
  return { url: url + path, close };
}

describe('GraphiQL in a browser', { timeout: TEST_MS, ...needing('Chromium') }, () => {
  it('loads from the gateway alone, with its tabs ready', async () => {
    expect(await page.title()).toBe('GraphiQL · LuaAuth');
    expect(await tabs().allInnerTexts()).toEqual(TABS);
    await shows('operation.graphql', '# Welcome.');
  });

  it('works below a path at which a proxy has the gateway', async () => {
    const proxy = await startProxyBelow('/api/luaauth', url);
    addresses = [];
    try {
      await page.goto(`${proxy.url}/`);
      expect(page.url()).toBe(`${proxy.url}/graphql`);
      await page.getByLabel('Execute query').waitFor();
      expect((await run()).data).toMatchObject({ script: { name: 'Nightfall Hub' } });
      const outside = addresses.filter((address) => !/^(data|blob):/.test(address));
      expect(outside.filter((address) => !address.startsWith(`${proxy.url}/`))).toEqual([]);
    } finally {
      addresses = [];
      await leave();
      await proxy.close();
    }
  });

  it('is below 600 kB until the first key stroke, and what is typed then needs no more', async () => {
    page = await newWindow();
    await open();
    await shows('operation.graphql', '# Welcome.');
    await page.waitForLoadState('networkidle');
    const { transferSize, decodedBodySize } = await loaded();
    expect(transferSize).toBeLessThan(600_000);
    expect(decodedBodySize).toBeLessThan(2_000_000);
    expect(page.workers()).toEqual([]);
    await type('operation.graphql', '{ scri');
    expect((await loaded()).transferSize).toBe(transferSize);
  });

  it('proposes the fields of the schema, and marks what it does not have', async () => {
    await type('operation.graphql', '{ scri');
    await page.keyboard.press('Control+Space');
    await page.locator('.cm-tooltip-autocomplete').getByText('script', { exact: true }).first().waitFor();
    await page.keyboard.press('Escape');
    await type('operation.graphql', '{ scrip { name } }');
    const wrong = page.locator('.cm-lintRange-error').first();
    await wrong.hover();
    await page.getByText('Cannot query field "scrip" on type "Query".').first().waitFor();
  });

  it('makes a query tidy, and runs it by the keyboard', async () => {
    await type('operation.graphql', '{rateLimit{limit}}');
    await page.getByLabel(/^Prettify query/).click();
    await expect
      .poll(() => editorOf('operation.graphql').locator('.cm-line').allTextContents(), { timeout: WAIT_MS })
      .toEqual(['{', '  rateLimit {', '    limit', '  }', '}', '']);
    await editorOf('operation.graphql').click();
    const { data } = await answerTo(() => page.keyboard.press('ControlOrMeta+Enter'));
    expect(data).toMatchObject({ rateLimit: {} });
  });

  it('runs it once by the keyboard, wherever the focus is', async () => {
    await type('operation.graphql', '{ rateLimit { limit } }');
    let sent = 0;
    const count = (request: Request) => {
      if (request.method() === 'POST') sent += 1;
    };
    page.on('request', count);
    const prettify = page.getByLabel(/^Prettify query/);
    const places = [
      page.locator('.key-bar input'),
      prettify,
      editorOf('operation.graphql'),
      editorOf('response.json'),
    ];
    for (const [index, place] of places.entries()) {
      await place.focus();
      await answerTo(() => page.keyboard.press('ControlOrMeta+Enter'));
      expect(sent).toBe(index + 1);
    }
    page.off('request', count);
  });

  it('lists the keys that it has, and none of another editor', async () => {
    await page.getByLabel('Open short keys dialog').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Execute query').waitFor();
    expect(await dialog.locator('tbody tr:visible td:first-child').allInnerTexts()).toEqual([
      'Ctrl + Enter',
      'Shift + Ctrl + P',
      'Shift + Ctrl + C',
      'Shift + Ctrl + R',
      'Ctrl + Alt + K',
      'Ctrl + F',
      'Shift + Ctrl + M',
    ]);
    expect(
      await dialog
        .getByText(/Monaco|Palette/)
        .filter({ visible: true })
        .count(),
    ).toBe(0);
    await page.keyboard.press('Escape');
    await type('operation.graphql', 'query A{...F} fragment F on Query{rateLimit{limit}}');
    // GraphiQL has read the document by then.
    await tab('A').waitFor();
    await page.keyboard.press('Shift+Control+M');
    await shows('operation.graphql', 'queryA{rateLimit{limit}}');
  });

  it('opens the documentation of a field that is clicked with Ctrl', async () => {
    const documentation = page.locator('.graphiql-plugin').getByText('totalExecutions');
    // The page may have no schema yet. Then a click does nothing.
    const click = async () => {
      await editorOf('operation.graphql')
        .getByText('totalExecutions')
        .click({ modifiers: ['ControlOrMeta'] });
      await documentation.waitFor({ timeout: 1_000 });
    };
    await vi.waitFor(click, { timeout: WAIT_MS });
  });

  it('has an explorer, which writes the query', async () => {
    await page.getByLabel('Show GraphiQL Explorer').click();
    await page.locator('.graphiql-plugin').getByText('kickOutdated', { exact: true }).first().click();
    await shows('operation.graphql', 'kickOutdated');
  });

  it('runs a tab, and shows its status, time, size, cost and request id', async () => {
    await tab('ConnectedUsers').click();
    // As a visitor does: first look, then run.
    await shows('operation.graphql', ' ConnectedUsers');
    const { data, http, extensions } = await run();
    expect(data).toMatchObject({ script: { name: 'Nightfall Hub' } });
    await expect
      .poll(factsShown, { timeout: WAIT_MS })
      .toEqual([
        '200 OK',
        expect.stringMatching(/^\d+(\.\d)? m?s$/),
        `${(http.bytes / 1_000).toFixed(1)} kB`,
        `${extensions?.upstream?.calls} REST calls`,
        `request ${http.requestId}`,
      ]);
  });

  it('shows the newest event of a subscription, until it is stopped', async () => {
    await subscribe();
    await shows('response.json', 'SessionsChange');
    await expect.poll(factsShown, { timeout: WAIT_MS }).toContain('0 REST calls');
    const left = page.waitForEvent('requestfailed', { timeout: WAIT_MS });
    await page.getByLabel('Stop query').click();
    expect((await left).method()).toBe('POST');
    await page.getByLabel('Execute query').waitFor();
  });

  it('shows the error for a wrong key, and what to do', async () => {
    await keyField().fill('nobody');
    const { data, errors } = await run();
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([
      { message: expect.stringContaining('LuaAuth refused'), extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });

  it('forgets the key of the field when the page is loaded again, and never puts it into the address', async () => {
    expect(await keyField().getAttribute('type')).toBe('text');
    await keyField().fill('typed-secret');
    expect(await keyField().getAttribute('type')).toBe('password');
    const { http } = await run();
    expect(http.sent).toMatchObject({ token: 'typed-secret', 'x-upstream': 'report' });
    expect(page.url()).toBe(`${url}/graphql`);
    await expect.poll(kept, { timeout: WAIT_MS }).toContain('query Script');
    expect(await kept()).not.toContain('typed-secret');
    await page.reload();
    expect(await keyField().inputValue()).toBe('sandbox-key');
    expect(await page.context().cookies()).toEqual([]);
  });

  it('has a history, which holds no headers', async () => {
    await typeHeaders({ token: 'typed-secret' });
    await run();
    await tab('UserByKey').click();
    await shows('operation.graphql', ' UserByKey');
    await expect.poll(kept, { timeout: WAIT_MS }).toContain('graphiql:queries');
    expect(await kept()).not.toContain('typed-secret');
    await page.getByLabel('Show History').click();
    await page.getByLabel('Add favorite').first().click();
    await expect.poll(kept, { timeout: WAIT_MS }).toMatch(/graphiql:favorites.*query Script/);
    expect(await kept()).not.toContain('typed-secret');
    await page.locator('.graphiql-history-item-label').getByText('Script', { exact: true }).click();
    await shows('operation.graphql', 'query Script');
  });

  it('shows the facts of the tab in view', async () => {
    await run();
    await tab('EditScript').click();
    await shows('operation.graphql', ' EditScript');
    expect(await factsShown()).toEqual([]);
    await run();
    await expect.poll(factsShown, { timeout: WAIT_MS }).toContain('2 REST calls');
    await tab('Script').click();
    await shows('operation.graphql', 'query Script');
    expect(await factsShown()).toContain('1 REST call');
  });

  it('works where the browser keeps no data of sites', async () => {
    page = await newWindow();
    await page.addInitScript(`for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, { get() { throw new DOMException('Access is denied.', 'SecurityError'); } });`);
    await open();
    const { data } = await run();
    expect(data).toBeTruthy();
  });

  it('plans beside running: Plan tells the most that it costs, and the next Run runs', async () => {
    const planned = await plan();
    expect(planned.http.sent['x-upstream']).toBe('plan');
    expect([planned.data, planned.extensions?.upstream?.price]).toEqual([null, 1]);
    await expect.poll(factsShown, { timeout: WAIT_MS }).toContain('at most 1 REST call');
    const ran = await run();
    expect(ran.http.sent['x-upstream']).toBe('report');
    expect(ran.data).not.toBeNull();
  });

  it('plans the current one of several operations', async () => {
    await type('operation.graphql', 'query One { __typename } query Two { rateLimit { limit } }');
    // The page reads what was typed after a moment.
    await page.locator('.graphiql-execute-button[aria-haspopup="menu"]').waitFor();
    const ran = await answerTo(async () => {
      await page.getByLabel('Execute query').click();
      await page.getByRole('menuitem', { name: 'Two' }).click();
    });
    expect(ran.http.sent['x-upstream']).toBe('report');
    expect(ran.data).toMatchObject({ rateLimit: {} });
    const planned = await plan();
    expect(planned.http.sent['x-upstream']).toBe('plan');
    expect(planned.data).toBeNull();
  });

  it('shows a syntax error as the gateway tells it, and that no answer comes, without a stack of the page', async () => {
    await type('operation.graphql', 'query Broken { script(id: ');
    const { errors, http } = await run();
    expect(errors).toMatchObject([{ message: expect.stringContaining('Syntax Error') }]);
    expect(http.status).toBe(400);
    expect(await textOf('response.json')).not.toMatch(/stack|\.js|<anonymous>/);
    expect((await factsShown())[0]).toBe('400 Bad Request');
    await page.route('**/graphql/', (route) => route.abort());
    await page.getByLabel('Execute query').click();
    await shows('response.json', '"message": "No answer from the gateway: Failed to fetch."');
    expect(await textOf('response.json')).not.toContain('stack');
    expect((await factsShown())[0]).toBe('No answer');
    forgetFailedLoads();
  });

  it.each(
    SIZES.flatMap((size) => [
      { ...size, colorScheme: 'light' as const },
      { ...size, colorScheme: 'dark' as const },
    ]),
  )('fits a window of $width px, $colorScheme', async ({ colorScheme, ...size }) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    await run();
    const boxOf = async (selector: string) => {
      const box = await page.locator(selector).boundingBox();
      if (!box) throw new Error(`${selector} cannot be seen.`);
      return { ...box, right: box.x + box.width, bottom: box.y + box.height };
    };
    const editors = await boxOf('.graphiql-editors');
    const answer = await boxOf('.graphiql-response');
    if (size.width < 720) expect(answer.y).toBeGreaterThanOrEqual(editors.bottom - 1);
    else expect(answer.x).toBeGreaterThanOrEqual(editors.right - 1);
    for (const part of ['.key-bar', '.key-bar [type=text]', '.plan-button', '.graphiql-footer']) {
      const { x, y, right, bottom } = await boxOf(part);
      expect({ part, isInside: x >= 0 && y >= 0 && right <= size.width && bottom <= size.height }).toEqual({
        part,
        isInside: true,
      });
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(size.width);
    await page.getByLabel('Open settings dialog').click();
    const dialog = await boxOf('.graphiql-dialog');
    expect((await boxOf('.graphiql-dialog .graphiql-button-group')).right).toBeLessThan(dialog.right);
    await page.keyboard.press('Escape');
    const [text, ground] = JSON.parse(await page.evaluate(COLOURS)).map(lightness);
    expect(colorScheme === 'dark' ? text - ground : ground - text).toBeGreaterThan(90);
  });

  it.each(['light', 'dark'] as const)(
    'has editors with names, and enough contrast, %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await run();
      for (const name of ['Operation', 'Variables', 'Answer'])
        await page.locator(`.cm-content[aria-label="${name}"]`).waitFor();
      // GraphiQL nests the buttons of its tabs and has no landmarks: the other rules are about its structure.
      const rules = ['aria-input-field-name', 'button-name', 'color-contrast', 'label', 'link-name'];
      expect(await axeProblems(page, rules)).toEqual([]);
      await page.getByLabel('Show Documentation Explorer').click();
      await page.locator('.graphiql-doc-explorer').waitFor();
      expect(await axeProblems(page, rules)).toEqual([]);
    },
  );

  it('restores its tabs, the open tab and the typed text', async () => {
    await page.reload();
    await expect.poll(() => tabs().allInnerTexts(), { timeout: WAIT_MS }).toEqual(TABS);
    await tab('ConnectedUsers').click();
    await editorOf('operation.graphql').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText('query Mine { __typename }');
    await expect.poll(keptTabs, { timeout: WAIT_MS }).toContain('query Mine');
    for (let visit = 0; visit < 2; visit += 1) {
      await page.reload();
      await shows('operation.graphql', 'query Mine');
      expect(await tabs().allInnerTexts()).toEqual(TABS.with(1, 'Mine'));
    }
  });
});
