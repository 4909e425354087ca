import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VARIABLE_NAMES } from '../../src/config/env-variables.ts';
import { needing, type Tool } from '../support/processes/tools.ts';
import { anchorsOf, findDocuments, readBlocks, stepsOf } from '../support/repository/documentation.ts';
import { textOf } from '../support/repository/repository.ts';
import { openReader } from './reader.ts';

const documents = findDocuments('docs/');
/** Pages with nothing to run here. Each block of the other pages runs in a terminal of the set-up. */
const TOLD = [
  'docs/architecture.md',
  'docs/coming-from-luarmor.md',
  'docs/luaauth-api.md',
  'docs/observers.md',
  'docs/releasing.md',
  'docs/set-up.md',
  'docs/typed-clients.md',
  'docs/upgrade.md',
];
const runnable = documents.filter((path) => !TOLD.includes(path));

const needsRedis = (path: string) => textOf(path).includes('redis://127.0.0.1:6379');

/** The tools that the blocks of a page run. */
function toolsOf(path: string): Tool[] {
  const shell = stepsOf(path).flatMap(({ kind, text }) => (kind === 'sh' ? [text] : []));
  const runs = (command: string) =>
    shell.some((text) => new RegExp(`(^|[\\s|($])${command} `, 'm').test(text));
  return [
    'bash',
    ...(needsRedis(path) ? (['Redis'] as const) : []),
    ...(['curl', 'openssl'] as const).filter(runs),
  ];
}

const tidy = (json: string) => JSON.stringify(JSON.parse(json), undefined, 2);

describe.each(runnable)('%s', (path) => {
  const steps = stepsOf(path);

  it('has blocks that can be run, and says of every operation what it answers', () => {
    expect(steps.length).toBeGreaterThanOrEqual(1);
    expect(steps.filter(({ kind, expected }) => kind === 'graphql' && expected?.language !== 'json')).toEqual(
      [],
    );
  });

  it('leads to the set-up before the first block that needs the command luaauth-graphql', () => {
    const text = textOf(path);
    const { line } = readBlocks(path).find((block) => block.text.includes('luaauth-graphql ')) ?? {};
    const before = text.split('\n').slice(0, line).join('\n');
    if (line !== undefined) expect(before).toMatch(/\]\((\.\.\/)?set-up\.md\)/);
  });

  it('runs or compares every block', () => {
    const used = steps.flatMap(({ blocks }) => blocks.map(({ line }) => line));
    const left = readBlocks(path).filter(({ language, line }) => language !== 'yaml' && !used.includes(line));
    expect(left.map(({ line, text }) => `${line}: ${text}`)).toEqual([]);
  });
});

describe.each([...runnable, 'README.md'])('%s, followed from its beginning,', (path) => {
  describe('on this machine', needing(...toolsOf(path)), () => {
    let reader: Awaited<ReturnType<typeof openReader>>;
    beforeAll(async () => {
      reader = await openReader({ withRedis: needsRedis(path) });
    });
    afterAll(() => reader.leave());

    it.each(stepsOf(path))('tells the truth in $title', async (step) => {
      let output = await reader.follow(step);
      // A busy machine answers late, which looks like a loss of Redis: what is shown is asked for again.
      for (let again = 0; again < 10 && output.includes('"coordination":"lost"'); again += 1) {
        await delay(1_000);
        output = await reader.follow(step);
      }
      // In the order of members too, which tells a reader where to look.
      if (step.expected?.language === 'json') expect(tidy(output)).toBe(tidy(step.expected.text));
      else expect(output.trimEnd()).toBe(step.expected?.text ?? '');
    });
  });
});

it('shows lines of the source as they are', () => {
  const excerpts = [
    ...textOf('docs/architecture.md').matchAll(/`(src\/[\w/.-]+)`.*\n\s*```ts\n([\s\S]*?)```/g),
  ].map(([, path = '', excerpt = '']) => ({ path, lines: excerpt.split('\n').map((line) => line.trim()) }));
  expect(excerpts.length).toBeGreaterThanOrEqual(3);
  expect(readBlocks('docs/architecture.md').filter(({ language }) => language === 'ts')).toHaveLength(
    excerpts.length,
  );
  for (const { path, lines } of excerpts) {
    const source = textOf(path);
    expect([path, lines.filter((line) => !source.includes(line))]).toEqual([path, []]);
  }
});

const HERE = 'https://github.com/luaauth-graphql/luaauth-graphql/blob/main/';

/** The text of a page, which names a file by its address where the package leaves it out. Here each link is a relative one. */
const withRelativeLinks = (path: string) =>
  textOf(path).replaceAll(`](${HERE}`, `](${posix.relative(posix.dirname(path), '') || '.'}/`);

it.each(findDocuments())('%s links to nothing that is not there', (path) => {
  const text = withRelativeLinks(path);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)/g)];
  const missing = links.filter(([, file = '', anchor]) => {
    const target = posix.join(posix.dirname(path), file || posix.basename(path));
    return !existsSync(urlOf(target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

it('every variable that a page names is one', () => {
  const ours =
    /`((?:LUAAUTH|GATEWAY|MAX|METRICS|REDIS|SHUTDOWN|CORS|FRESH|STALE|ALLOW|AUDIT|LOG)_[A-Z_]*[A-Z])`/g;
  // Examples have variables of their own.
  for (const path of ['README.md', 'CONTRIBUTING.md', ...documents]) {
    const named = [...textOf(path).matchAll(ours)].map(([, name = '']) => name);
    expect([path, named.filter((name) => !VARIABLE_NAMES.includes(name))]).toEqual([path, []]);
  }
});

it('the README leads to every page, over one other page at most', () => {
  const linkedFrom = (path: string) =>
    [...withRelativeLinks(path).matchAll(/\]\((?!https?:)([^)#]+\.md)/g)].map(([, link = '']) =>
      posix.join(posix.dirname(path), link),
    );
  const first = linkedFrom('README.md');
  const reached = new Set([...first, ...first.flatMap(linkedFrom)]);
  expect(first.length).toBeGreaterThan(20);
  expect(documents.filter((path) => !reached.has(path))).toEqual([]);
});

it('the changelog tells of the version of the package', () => {
  const { version } = JSON.parse(textOf('package.json'));
  expect(textOf('CHANGELOG.md')).toContain(`\n## [${version}]`);
});

it('the page of errors explains every error code', () => {
  const source = textOf('src/errors/coded-error.ts');
  const unions = source.match(/^(?:export )?type \w+Code =[^;]+;/gm) ?? [];
  const codes = unions.join('').match(/(?<=')[A-Z_]+(?=')/g) ?? [];
  expect(codes).toEqual(expect.arrayContaining(['UNAUTHENTICATED', 'BAD_REQUEST', 'TOO_DEEP']));
  const page = textOf('docs/errors.md');
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

it('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(textOf('package.json'));
  const text = ['README.md', 'CONTRIBUTING.md', ...findDocuments('docs/')].map(textOf).join('\n');
  const named = [...text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

const urlOf = (path: string) => new URL(`../../${path}`, import.meta.url);
