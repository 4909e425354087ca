import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(textOf('package.json')) as {
  homepage: string;
  bugs: string;
  repository: { url: string };
};

/** Where the project lives: `https://github.com/<owner>/<name>`. */
const home = manifest.repository.url.replace(/^git\+(.*)\.git$/, '$1');

it('the manifest names one home', () => {
  expect(home).toMatch(/^https:\/\/github\.com\/[\w-]+\/[\w-]+$/);
  expect([manifest.homepage, manifest.bugs]).toEqual([`${home}#readme`, `${home}/issues`]);
});

it('a weakness is reported there, wherever a reader begins', () => {
  const report = `${home}/security/advisories/new`;
  expect(textOf('SECURITY.md')).toContain(`](${report})`);
  expect(textOf('.github/ISSUE_TEMPLATE/config.yml')).toContain(`url: ${report}\n`);
});
