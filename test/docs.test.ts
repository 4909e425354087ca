import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBlocks, stepsOf } from './support/documentation.ts';
import { createReader } from './support/reader.ts';
import { ENGINES } from './support/store-engines.ts';

// Commands are processes of their own, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 });

const documents = readdirSync(new URL('../docs/', import.meta.url)).map((name) => `docs/${name}`);
/** A picture, and what stands where: nothing to run. */
const TOLD = ['docs/architecture.md'];
const runnable = documents.filter((path) => !TOLD.includes(path));

it('there is a page for each of these', () => {
  expect(documents.sort()).toEqual([
    'docs/architecture.md',
    'docs/deployment.md',
    'docs/keys-for-a-team.md',
    'docs/production.md',
    'docs/recipes.md',
    'docs/several-gateways.md',
    'docs/troubleshooting.md',
  ]);
});

const needsRedis = (path: string) => textOf(path).includes('redis://127.0.0.1:6379');
const followed = ENGINES.length === 0 ? runnable.filter((path) => !needsRedis(path)) : runnable;

describe.each(followed)('%s', (path) => {
  let reader: Awaited<ReturnType<typeof createReader>>;
  beforeAll(async () => {
    reader = await createReader({ withRedis: needsRedis(path) });
  });
  afterAll(() => reader.leave());

  const steps = stepsOf(path);

  it('has blocks that can be run, and says of every operation what it answers', () => {
    expect(steps.length).toBeGreaterThanOrEqual(5);
    expect(steps.filter(({ kind, expected }) => kind === 'graphql' && expected?.language !== 'json')).toEqual(
      [],
    );
    const languages = new Set(readBlocks(path).map(({ language }) => language));
    expect(
      [...languages].filter((name) => !['sh', 'graphql', 'json', 'text', 'yaml'].includes(name)),
    ).toEqual([]);
  });

  it.each(steps)('tells the truth in $title', async (step) => {
    const output = await reader.follow(step);
    if (step.expected?.language === 'json')
      expect(JSON.parse(output)).toEqual(JSON.parse(step.expected.text));
    else expect(output.trimEnd()).toBe(step.expected?.text ?? '');
  });
});

const examples = ['embed', 'clients', 'supergraph', 'discord-bot', 'react-dashboard'].map(
  (name) => `examples/${name}/README.md`,
);

it.each([...documents, 'CONTRIBUTING.md', 'CHANGELOG.md', ...examples])(
  '%s links to nothing that is not there',
  (path) => {
    const links = [...textOf(path).matchAll(/\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)/g)];
    const missing = links.filter(([, file = '', anchor]) => {
      const target = posix.join(posix.dirname(path), file || posix.basename(path));
      return !existsSync(urlOf(target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  },
);

it('the changelog tells of the version of the package', () => {
  const { version } = JSON.parse(textOf('package.json'));
  expect(textOf('CHANGELOG.md')).toContain(`\n## [${version}]`);
});

/** The anchors that GitHub makes of headings. */
function anchorsOf(path: string): string[] {
  return [...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

const urlOf = (path: string) => new URL(`../${path}`, import.meta.url);

function textOf(path: string): string {
  return readFileSync(urlOf(path), 'utf8');
}
