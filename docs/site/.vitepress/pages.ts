import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

const ROOT = new URL('../../../', import.meta.url);

/** The pages of the site below their titles, by their files in the repository. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Begin here': [
    'README.md',
    'docs/set-up.md',
    'docs/sandbox.md',
    'docs/schema.md',
    'docs/errors.md',
    'docs/coming-from-luarmor.md',
    'docs/troubleshooting.md',
  ],
  Recipes: [
    'docs/recipes/customers.md',
    'docs/recipes/whole-project.md',
    'docs/recipes/many-scripts.md',
    'docs/recipes/who-is-on-live.md',
    'docs/recipes/who-plays-where.md',
    'docs/recipes/disconnect-users.md',
    'docs/recipes/messages.md',
    'docs/recipes/ad-systems.md',
    'docs/recipes/bulk-edits.md',
    'docs/recipes/upload-a-script.md',
    'docs/recipes/from-a-shell.md',
  ],
  'How it behaves': [
    'docs/quota-and-caching.md',
    'docs/live.md',
    'docs/persisted-documents.md',
    'docs/agents.md',
    'docs/federation.md',
    'docs/typed-clients.md',
    'docs/security.md',
    'docs/keys-for-a-team.md',
  ],
  'Run it': [
    'docs/deployment.md',
    'docs/configuration.md',
    'docs/operation.md',
    'docs/several-gateways.md',
    'docs/luaauth-api.md',
    'CHANGELOG.md',
  ],
  Examples: [
    'dashboard/README.md',
    'dashboard/DEVELOPING.md',
    'examples/discord-bot/README.md',
    'examples/clients/README.md',
    'examples/bruno/README.md',
    'examples/roblox/README.md',
    'examples/ci-deploy/README.md',
    'examples/agents/README.md',
    'examples/embed/README.md',
    'examples/supergraph/README.md',
    'examples/deploy/README.md',
    'examples/kubernetes/README.md',
    'examples/pterodactyl/README.md',
  ],
  Inside: [
    'docs/architecture.md',
    'docs/pothos-dataloader-issue.md',
    'docs/yoga-issue.md',
    'CONTRIBUTING.md',
    'bench/README.md',
    'bench/RESULTS.md',
    'bench/QUOTA.md',
  ],
};

const FILES = Object.values(GROUPS).flat();

/** Whether a file of the repository is a page. @throws for a page of docs/ that stands below no title */
export function isPage(file: string): boolean {
  const isListed = FILES.includes(file);
  if (!isListed && /^docs\/(?!site\/)/.test(file))
    throw new Error(`${file} stands below no title. Add it to GROUPS in docs/site/.vitepress/pages.ts.`);
  return isListed;
}

/** Where the page of a file is on the site, as a file of Markdown there. */
export function placeOf(file: string): string {
  return file.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}

/** Its first heading. */
export function titleOf(file: string): string {
  const [, title] = /^# (.+)$/m.exec(readFileSync(new URL(file, ROOT), 'utf8')) ?? [];
  if (title === undefined) throw new Error(`${file} has no heading. Begin it with "# " and a title.`);
  return title.replaceAll('`', '');
}

/** The anchors of headings as GitHub makes them, which links in the Markdown go by. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/**
 * Where a link of a file leads on the site: to another page, or to what is no page, such as a source file, in the repository
 * at `home`. Pages name a file by its address there if the package does not contain it. @throws when there is no such file
 */
export function hrefOf(link: string, file: string, home: string): string {
  const inRepository = `${home}/blob/main/`;
  const isOurs = link.startsWith(inRepository);
  if (!isOurs && /^(?:[a-z]+:|\/\/|#)/.test(link)) return link;
  const [path = '', anchor] = decodeURI(isOurs ? link.slice(inRepository.length) : link).split('#');
  const target = isOurs ? path : posix.join(posix.dirname(file), path);
  const suffix = anchor === undefined ? '' : `#${anchor}`;
  if (isPage(target)) return `/${placeOf(target)}${suffix}`;
  if (!existsSync(new URL(target, ROOT))) throw new Error(`${file} links to ${link}, which is not there.`);
  return `${home}/blob/main/${target}${suffix}`;
}
