import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { type Encoding, negotiateEncoding, prefersHtml } from '../http/media-type.ts';
import { addHistory } from './history-plugin.ts';
import type { PageOptions } from './page-options.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { STYLE } from './style.ts';
import type { Tab } from './tabs.ts';

export interface GraphiQLPageOptions extends Omit<PageOptions, 'endpoint'> {
  /** What a visitor without saved tabs finds. */
  readonly tabs: readonly Tab[];
  /** Makes the page soon rather than at the first visit, which then need not wait for it (measured: 0.7 s of 1.9). */
  readonly inAdvance?: boolean;
}

interface Page {
  readonly html: string;
  readonly compressed: Readonly<Record<Encoding, Buffer>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The process listens and has said so by then. */
const SOON_MS = 100;

/**
 * Serves GraphiQL to browsers at `/graphql`, and sends them there from `/`. The page is one 9 MB document that loads
 * nothing from elsewhere; it is made and compressed once, and kept by browsers until it changes.
 */
export function createGraphiQL(options: GraphiQLPageOptions): Plugin<Context> {
  let page: Promise<Page> | undefined;
  const getPage = () => {
    page ??= createPage(options);
    return page;
  };
  // Whoever visits hears of a failure.
  if (options.inAdvance) setTimeout(() => getPage().catch(() => undefined), SOON_MS).unref();
  return {
    async onRequest({ request, url, endResponse, fetchAPI }) {
      if (request.method !== 'GET' || !prefersHtml(request.headers.get('accept'))) return;
      if (url.pathname === '/') {
        endResponse(new fetchAPI.Response(null, { status: 302, headers: { location: '/graphql' } }));
      } else if (url.pathname === '/graphql') {
        const { Response } = fetchAPI;
        endResponse(
          await getPage().then(
            (page) => respond(page, request, fetchAPI),
            (error: unknown) => sayMissing(error, Response),
          ),
        );
      }
    },
  };
}

function respond(
  { html, compressed, headers }: Page,
  request: Request,
  { Response }: { Response: typeof globalThis.Response },
) {
  // Each answer has headers of its own: the response writes into the object that it is given.
  const own = { ...headers };
  if (request.headers.get('if-none-match')?.includes(String(headers.etag))) {
    return new Response(null, { status: 304, headers: own });
  }
  const encoding = negotiateEncoding(request.headers.get('accept-encoding'));
  if (encoding === undefined) return new Response(html, { headers: own });
  return new Response(new Uint8Array(compressed[encoding]), {
    headers: { ...own, 'content-encoding': encoding },
  });
}

/** What a visitor reads where the optional package was left out of the install. @throws any other failure. */
function sayMissing(error: unknown, Response: typeof globalThis.Response) {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  if (!isMissing) throw error;
  const text =
    'GraphiQL is not installed here: install @graphql-yoga/render-graphiql, or set GRAPHIQL=false.\n';
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(text, { status: 404, headers });
}

async function createPage({ tabs, credential, note }: GraphiQLPageOptions): Promise<Page> {
  // Loaded here, not above: nobody who only sends operations pays for it.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const rendered = renderGraphiQL({
    title: 'GraphiQL · LuaAuth',
    defaultTabs: tabs.map((tab) => ({ ...tab })),
    defaultEditorToolsVisibility: 'variables',
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    schemaDescription: true,
  });
  // Not the page's own address: a POST there would drop the page from the browser's cache.
  const page: PageOptions = { credential, note, endpoint: '/graphql/' };
  const html = addHistory(rendered)
    .replace('<meta charset="utf-8" />', (tag) => `${tag}${VIEWPORT}`)
    .replace('</style>', (tag) => `${STYLE}${tag}`)
    .replace('<script>', (tag) => `${tag}${PAGE_SCRIPT}\n`)
    .replace(
      START,
      (_all, root, options) => `LuaAuthGraphiQL.start(${root}, ${options}, ${JSON.stringify(page)});`,
    );
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(html),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    etag: `"${createHash('sha256').update(html).digest('base64url')}"`,
    'cache-control': 'private, no-cache',
    vary: 'accept, accept-encoding',
  };
  const compressed = { gzip: await promisify(gzip)(html), br: await promisify(brotliCompress)(html, BROTLI) };
  return { html, compressed, headers };
}

/** Measured: a fifth less than gzip in the same time (0.2 s). Quality 9 saves 4 % more and takes four times as long. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** A phone would show the page of a desktop, made small. */
const VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1" />';

/** Where the page hands over to Yoga's bundle: its element and GraphiQL's options, which end the only script. */
const START = /YogaGraphiQL\.renderYogaGraphiQL\(\s*(window\S+),\s*(\{"title":.*\}),\s*\);(?=\s*<\/script>)/;

/** Only this page's own scripts run, and only the gateway can be spoken to. Monaco makes its workers from blobs. */
function contentSecurityPolicy(html: string): string {
  const hashes = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
