import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VARIABLE_NAMES } from '../../src/config/env-variables.ts';
import { openShellCommand } from '../support/processes/shell-command.ts';
import { needing, type Tool } from '../support/processes/tools.ts';
import { anchorsOf, findDocuments, readBlocks, stepsOf } from '../support/repository/documentation.ts';
import { createReader, openPlace } from '../support/repository/reader.ts';
import { textOf } from '../support/repository/repository.ts';

// Commands are processes of their own, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 });

const documents = findDocuments('docs/');
/**
 * Pages with nothing to run here: excerpts of the source, notes about the API, and the set-up. Each block of the other pages runs in a
 * terminal of the set-up.
 */
const TOLD = [
  'docs/architecture.md',
  'docs/luaauth-api.md',
  'docs/pothos-dataloader-issue.md',
  'docs/set-up.md',
  'docs/typed-clients.md',
  'docs/yoga-issue.md',
];
const runnable = documents.filter((path) => !TOLD.includes(path));

it('there is a page for each of these', () => {
  expect(documents.sort()).toEqual([
    'docs/agents.md',
    'docs/architecture.md',
    'docs/coming-from-luarmor.md',
    'docs/configuration.md',
    'docs/deployment.md',
    'docs/errors.md',
    'docs/federation.md',
    'docs/keys-for-a-team.md',
    'docs/live.md',
    'docs/luaauth-api.md',
    'docs/operation.md',
    'docs/persisted-documents.md',
    'docs/pothos-dataloader-issue.md',
    'docs/quota-and-caching.md',
    'docs/recipes/ad-systems.md',
    'docs/recipes/bulk-edits.md',
    'docs/recipes/customers.md',
    'docs/recipes/disconnect-users.md',
    'docs/recipes/from-a-shell.md',
    'docs/recipes/many-scripts.md',
    'docs/recipes/messages.md',
    'docs/recipes/upload-a-script.md',
    'docs/recipes/who-is-on-live.md',
    'docs/recipes/who-plays-where.md',
    'docs/recipes/whole-project.md',
    'docs/sandbox.md',
    'docs/schema.md',
    'docs/security.md',
    'docs/set-up.md',
    'docs/several-gateways.md',
    'docs/troubleshooting.md',
    'docs/typed-clients.md',
    'docs/yoga-issue.md',
  ]);
});

const needsRedis = (path: string) => textOf(path).includes('redis://127.0.0.1:6379');

/** The tools that the blocks of a page run. */
function toolsOf(path: string): Tool[] {
  const shell = stepsOf(path).flatMap(({ kind, text }) => (kind === 'sh' ? [text] : []));
  const runs = (command: string) =>
    shell.some((text) => new RegExp(`(^|[\\s|($])${command} `, 'm').test(text));
  return [
    ...(needsRedis(path) ? (['Redis'] as const) : []),
    ...(shell.length > 0 ? (['bash'] as const) : []),
    ...(['curl', 'openssl'] as const).filter(runs),
  ];
}

let shellCommand: Awaited<ReturnType<typeof openShellCommand>>;
beforeAll(async () => {
  shellCommand = await openShellCommand();
});
afterAll(() => shellCommand.close());

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

  describe('followed from its beginning', needing(...toolsOf(path)), () => {
    let reader: ReturnType<typeof createReader>;
    beforeAll(async () => {
      const { script: command } = shellCommand;
      reader = createReader(await openPlace({ command, withRedis: needsRedis(path) }));
    });
    afterAll(() => reader.leave());

    it.each(steps)('tells the truth in $title', async (step) => {
      let output = await reader.follow(step);
      // A busy machine answers late, which looks like a loss of Redis: what is shown is asked for again.
      for (let again = 0; again < 10 && output.includes('"coordination":"lost"'); again += 1) {
        await delay(1_000);
        output = await reader.follow(step);
      }
      if (step.expected?.language === 'json')
        expect(JSON.parse(output)).toEqual(JSON.parse(step.expected.text));
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

it.each(findDocuments())('%s links to nothing that is not there', (path) => {
  // The README names a file by its address where the package leaves it out.
  const text = textOf(path).replaceAll(`](${HERE}`, `](${posix.relative(posix.dirname(path), '')}`);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)/g)];
  const missing = links.filter(([, file = '', anchor]) => {
    const target = posix.join(posix.dirname(path), file || posix.basename(path));
    return !existsSync(urlOf(target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

it('no sentence stands on two pages', () => {
  const pages = new Map<string, string>();
  const repeated: string[] = [];
  for (const path of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...documents]) {
    for (const sentence of sentencesOf(path)) {
      const other = pages.get(sentence);
      if (other !== undefined && other !== path) repeated.push(`${other} and ${path}: ${sentence}`);
      pages.set(sentence, path);
    }
  }
  expect(repeated).toEqual([]);
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
    [...textOf(path).matchAll(/\]\((?!https?:)([^)#]+\.md)/g)].map(([, link = '']) =>
      posix.join(posix.dirname(path), link),
    );
  const first = linkedFrom('README.md');
  const reached = new Set([...first, ...first.flatMap(linkedFrom)]);
  expect(first.length).toBeGreaterThan(20);
  expect(documents.filter((path) => !reached.has(path))).toEqual([]);
});

it.each([
  ['TTL', 'docs/quota-and-caching.md'],
  ['stale-while-revalidate', 'docs/quota-and-caching.md'],
  ['stale-if-error', 'docs/quota-and-caching.md'],
  ['rate limit', 'docs/quota-and-caching.md'],
  ['sliding window', 'docs/quota-and-caching.md'],
  ['N+1', 'docs/quota-and-caching.md'],
  ['DataLoader', 'docs/quota-and-caching.md'],
  ['Deduplication', 'docs/quota-and-caching.md'],
  ['Invalidation', 'docs/quota-and-caching.md'],
  ['circuit breaker', 'docs/errors.md'],
  ['backoff', 'docs/errors.md'],
  ['retry', 'docs/errors.md'],
  ['idempotent', 'docs/errors.md'],
  ['Timeouts', 'docs/errors.md'],
  ['CSRF', 'docs/security.md'],
  ['CORS', 'docs/security.md'],
  ['DNS rebinding', 'docs/security.md'],
  ['Redis', 'docs/several-gateways.md'],
  ['APQ', 'docs/persisted-documents.md'],
  ['trusted documents', 'docs/persisted-documents.md'],
  ['persisted queries', 'docs/persisted-documents.md'],
  ['Prometheus', 'docs/operation.md'],
  ['OpenTelemetry', 'docs/operation.md'],
  ['subgraph', 'docs/federation.md'],
  ['Pagination', 'docs/schema.md'],
])('who searches for %s finds %s', (word, path) => {
  expect(textOf(path).toLowerCase()).toContain(word.toLowerCase());
});

it('the words of the field lead from the README to their pages', () => {
  const readme = textOf('README.md');
  const words = ['rate limit', 'circuit breaker', 'backoff', 'retries', 'N+1', 'DataLoader', 'TTL'];
  const more = [
    'stale-while-revalidate',
    'CSRF',
    'CORS',
    'APQ',
    'trusted documents',
    'persisted queries',
    'Redis',
  ];
  expect([...words, ...more].filter((word) => !readme.includes(word))).toEqual([]);
});

it('the changelog tells of the version of the package', () => {
  const { version } = JSON.parse(textOf('package.json'));
  expect(textOf('CHANGELOG.md')).toContain(`\n## [${version}]`);
});

/** The longer sentences of a page in which somebody wrote them: no code, nothing generated, no addresses of links. */
function sentencesOf(path: string): string[] {
  return textOf(path)
    .replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '')
    .replace(/<!-- Generated[\s\S]*<!-- End/, '')
    .replaceAll(/\]\([^)]*\)|\[/g, '')
    .split(/\n\s*\n|\n(?=[-|] )/)
    .flatMap((paragraph) => paragraph.replaceAll(/\s+/g, ' ').split(/(?<=[.:|;]) /))
    .filter((sentence) => sentence.length >= 45);
}

const urlOf = (path: string) => new URL(`../../${path}`, import.meta.url);
