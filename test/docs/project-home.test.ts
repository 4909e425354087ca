import { expect, it } from 'vitest';
import { textOf } from '../support/repository/repository.ts';

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

it('the README starts a clone of it, the package, and the image that a release publishes', () => {
  const readme = textOf('README.md');
  const { name } = JSON.parse(textOf('package.json')) as { name: string };
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the workflow's own placeholder
  expect(textOf('.github/workflows/release.yml')).toContain('images: ghcr.io/${{ github.repository }}');
  const image = home.replace('https://github.com/', 'ghcr.io/');
  for (const line of [`git clone ${home} && `, `npx ${name}`, ` ${image} --sandbox --graphiql`])
    expect(readme).toContain(line);
});
