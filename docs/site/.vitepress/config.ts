import { readFileSync } from 'node:fs';
import { posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { anchorOf, GROUPS, hrefOf, isPage, placeOf, titleOf } from './pages.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { description, repository } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
const home: string = repository.url.replace(/^git\+|\.git$/g, '');

export default defineConfig({
  title: 'luaauth-graphql',
  description,
  lang: 'en',
  // Such as /luaauth-graphql/ where the site is not at the root.
  base: process.env.DOCS_BASE ?? '/',
  srcDir: '../..',
  outDir: 'dist',
  srcExclude: ['.github/**', 'docs/site/**', 'src/**', 'test/**', 'CODE_OF_CONDUCT.md', 'SECURITY.md'],
  rewrites: placeOf,
  metaChunk: true,
  // The pages stand outside of this package, where nothing of it is found.
  vite: {
    plugins: [
      {
        name: 'vue-of-this-package',
        enforce: 'pre',
        resolveId(id, _importer, options) {
          if (!/^vue(?=$|\/)/.test(id)) return undefined;
          if (options.ssr) return { id, external: true };
          return this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
        },
      },
    ],
  },
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      const linkOpen = md.renderer.rules.link_open;
      md.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const file = relative(ROOT, env.realPath ?? env.path)
          .split('\\')
          .join(posix.sep);
        token?.attrSet('href', hrefOf(token.attrGet('href') ?? '', file, home));
        return linkOpen?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
      };
    },
  },
  transformPageData(page) {
    if (!isPage(page.filePath))
      throw new Error(`${page.filePath} is no page. Exclude it, or add it to pages.ts.`);
    if (page.filePath !== 'README.md') return;
    page.frontmatter = {
      layout: 'home',
      hero: {
        name: 'luaauth-graphql',
        text: 'One typed GraphQL endpoint for LuaAuth',
        tagline: 'It keeps to the quota, prices an operation before it runs, and has refusals as types.',
        actions: [
          { text: 'Start', link: '#start' },
          { text: 'I want to ...', link: '#i-want-to-', theme: 'alt' },
          { text: 'Schema', link: '/schema', theme: 'alt' },
        ],
      },
    };
  },
  themeConfig: {
    search: { provider: 'local', options: { miniSearch: { searchOptions: { processTerm, boostDocument } } } },
    outline: 'deep',
    nav: [
      { text: 'Schema', link: '/schema' },
      { text: 'Recipes', link: '/recipes/customers' },
      { text: 'Configuration', link: '/configuration' },
    ],
    sidebar: Object.entries(GROUPS).map(([text, files]) => ({
      text,
      collapsed: false,
      items: files.map((file) => ({
        text: file === 'README.md' ? 'Overview' : titleOf(file),
        link: `/${placeOf(file).replace(/(?:index)?\.md$/, '')}`,
      })),
    })),
    socialLinks: [{ icon: 'github', link: home }],
  },
});

/** The words of sellers beside the words of LuaAuth. The browser gets the text of this function, so it uses nothing outside. */
function processTerm(term: string): string[] {
  const synonyms = [
    ['ban', 'blacklist'],
    ['unban', 'unblacklist'],
    ['hwid', 'fingerprint'],
    ['kick', 'disconnect'],
    ['online', 'connected'],
    ['upload', 'deploy'],
    ['message', 'talk'],
    ['bulk', 'many'],
  ];
  const word = term.toLowerCase();
  return [word, ...synonyms.filter((words) => words.includes(word)).flat()];
}

/** Recipes come first, pages for contributors last. The browser gets the text of this function, too. */
function boostDocument(path: string): number {
  if (path.includes('/recipes/')) return 3;
  return /\/(bench|architecture|pothos|CONTRIBUTING|CHANGELOG)/.test(path) ? 0.2 : 1;
}
