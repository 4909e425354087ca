import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isGet } from '../../http/address.ts';
import type { GraphiQLPageOptions, PageOptions } from '../../http/graphiql-options.ts';
import { prefersHtml } from '../../http/negotiation.ts';
import type { HttpResponse } from '../../http/response.ts';
import type { HttpRoute } from '../../http/routes.ts';
import { answerWith, createStaticFile, openFolder, pagePolicy } from '../../server/static-file.ts';
import { PACKAGE } from '../../version.ts';

export { describePage } from './describe-page.ts';

/**
 * The path of the page's files. It is deeper than any document's path, so no document has such a name. It is relative,
 * because a proxy may serve the gateway below a path.
 */
const FILES = 'graphql/graphiql/files/';
const FILES_PATH = `/${FILES}`;

/** Redirects to the page from paths where visitors look for it. */
const NEAR: Readonly<Record<string, string>> = { '/': 'graphql', '/graphql/': '../graphql' };

/**
 * Serves GraphiQL to browsers at `/graphql`, and redirects to it from nearby paths. The page is a small document and the
 * files of `npm run build`; it loads nothing from other hosts. Browsers cache the files for good, because their names
 * change with their content, and revalidate the document.
 */
export function createGraphiQL(options: GraphiQLPageOptions): HttpRoute {
  let opened: ReturnType<typeof openPage> | undefined;
  const getPage = () => {
    opened ??= openPage(options).catch((error) => {
      // A file that cannot be read now may be readable for the next visitor.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const fileAt = async (path: string) => {
    const page = await getPage().catch(() => undefined);
    return page?.files.get(path.slice(FILES_PATH.length));
  };
  return (request) => {
    const { method, path } = request;
    if (!isGet(method)) return undefined;
    if (path.startsWith(FILES_PATH)) return fileAt(path).then((file) => file && answerWith(file, request));
    if (!prefersHtml(request.header('accept'))) return undefined;
    const location = NEAR[path];
    if (location) return { status: 302, headers: { location }, body: '' };
    if (path !== '/graphql') return undefined;
    return getPage().then(({ html }) => answerWith(html, request), sayMissing);
  };
}

/** The answer if this installation lacks the page. @throws any other failure */
function sayMissing(error: unknown): HttpResponse {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (!isMissing) throw error;
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: 'This installation lacks the GraphiQL page. "npm run build" in the repository makes it; GRAPHIQL=false turns this answer off.\n',
  };
}

async function openPage({ tabs: given, credential, note }: GraphiQLPageOptions) {
  const files = await openPageFiles();
  const tabs = typeof given === 'function' ? given(files.documents) : given;
  const options: PageOptions = { tabs, credential, note };
  const html = createStaticFile('page.html', Buffer.from(documentOf(files, options)), PAGE_HEADERS);
  return { html, files: files.byName };
}

type PageFiles = Awaited<ReturnType<typeof openPageFiles>>;

const FOLDER = fileURLToPath(new URL('dist/page/', PACKAGE));

/** Opens the files of the page, its entry files and the documents of its tabs. @throws `ENOENT` if the page is missing */
async function openPageFiles() {
  const { script, style, documents } = JSON.parse(await readFile(join(FOLDER, 'page.json'), 'utf8'));
  const begin = { script: String(script), style: String(style), documents };
  return { byName: await openFolder(FOLDER), ...begin };
}

const documentOf = ({ script, style }: PageFiles, options: PageOptions) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>GraphiQL · LuaAuth</title>
    <link rel="icon" href="${ICON}" />
    <link rel="stylesheet" href="${FILES}${style}" />
    <script type="module" src="${FILES}${script}"></script>
  </head>
  <body>
    <noscript>This page needs JavaScript. Without it, send operations to /graphql by POST.</noscript>
    <div id="root"></div>
    <script type="application/json" id="page-options">${JSON.stringify(options).replaceAll('<', '\\u003c')}</script>
  </body>
</html>
`;

const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1l6 3.5v7L8 15l-6-3.5v-7z" fill="none" stroke="#d60590" stroke-width="2"/></svg>',
)}`;

const PAGE_HEADERS = {
  vary: 'accept, accept-encoding',
  // The editor and the drag bars set styles of elements.
  'content-security-policy': pagePolicy("'self' 'unsafe-inline'", 'data:'),
};
