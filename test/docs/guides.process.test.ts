import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/processes/packed.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';
import { type Change, ENDPOINT, FIELD } from './guided-changes.ts';

/** What the guides may name, and what the checks of an addition read. */
const FOLDERS = ['src', 'test', 'scripts', 'schema', 'docs'];
const FILES = [
  '.env.example',
  'CHANGELOG.md',
  'README.md',
  'codegen.ts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/** The tests of `npm run check` that an addition may fail, and those of the additions. */
const TESTS = [
  'test/rules/breaking-changes.test.ts',
  'test/rules/declarations.test.ts',
  'test/rules/documented-scopes.test.ts',
  'test/rules/schema-examples.test.ts',
  'test/schema/semantic-non-null.test.ts',
  'test/observability/unexpected-answers.test.ts',
  'test/features/commands/probe.test.ts',
  'test/schema/reads.test.ts',
  'test/schema/products.test.ts',
];

/** The files of the guide's example, and those of the endpoint that is added here. */
const NAMES: Readonly<Record<string, string>> = {
  'src/luaauth/ads.ts': 'src/luaauth/products.ts',
  'src/schema/ad-system.ts': 'src/schema/product.ts',
  'src/features/sandbox/ads.ts': 'src/features/sandbox/products.ts',
  'test/schema/ad-systems.test.ts': 'test/schema/products.test.ts',
};

/** What the steps of a guide name before their colon: files, and folders with a slash at their end. */
function listedIn(guide: string): string[] {
  const [, text = ''] = textOf('docs/architecture.md').split(`\n## ${guide}\n`);
  const [section = ''] = text.split('\n## ');
  const heads = [...section.matchAll(/^\d+\. ([^:]+):/gm)].map(([, head = '']) => head);
  const named = heads.flatMap((head) => head.match(/(?<=`)[\w./-]*[/.][\w./-]*(?=`)/g) ?? []);
  return named.map((name) => NAMES[name] ?? name);
}

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'luaauth-graphql-guides-'));
  for (const name of [...FOLDERS, ...FILES]) cpSync(pathOf(name), join(copy, name), { recursive: true });
  symlinkSync(pathOf('node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true }));

function readCopy(): ReadonlyMap<string, string> {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(copy, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(copy.length + 1)),
  );
  return new Map([...inFolders, ...FILES].map((path) => [path, readFileSync(join(copy, path), 'utf8')]));
}

function apply({ path, after, add }: Change): void {
  const file = join(copy, path);
  if (after === undefined) {
    writeFileSync(file, add, { flag: 'wx' });
    return;
  }
  const parts = readFileSync(file, 'utf8').split(after);
  expect([path, after, parts.length]).toEqual([path, after, 2]);
  writeFileSync(file, parts.join(after + add));
}

/** Runs a program of the packages in the copy. @returns what went wrong */
async function failureOf(program: string, ...args: readonly string[]): Promise<string> {
  const { VITEST: _inVitest, ...env } = process.env;
  const { code, stdout, stderr } = await run(join(copy, 'node_modules/.bin', program), args, {
    cwd: copy,
    env: { ...env, GOGC: 'off', GOMEMLIMIT: '1GiB' },
  });
  return code === 0 ? '' : `${program} ${args.join(' ')}: ${stdout}${stderr}`;
}

it.each([
  ['Add a field', FIELD],
  ['Add an endpoint', ENDPOINT],
])('the list of "%s" has every file that changes, and no other', async (guide, changes) => {
  const before = readCopy();
  for (const change of changes) apply(change);
  // As `npm run codegen` and `npm run schema:accept` do.
  expect(await failureOf('tsx', 'scripts/generate.ts')).toBe('');
  expect(await failureOf('graphql-codegen', '--config', 'codegen.ts')).toBe('');
  expect(await failureOf('tsx', 'scripts/schema-accept.ts')).toBe('');
  const changed = [...readCopy()].flatMap(([path, text]) => (before.get(path) === text ? [] : [path]));
  const listed = listedIn(guide);
  const isListed = (path: string) =>
    listed.some((name) => (name.endsWith('/') ? path.startsWith(name) : path === name));
  expect(changed.filter((path) => !isListed(path))).toEqual([]);
  expect(listed.filter((name) => !changed.some((path) => path.startsWith(name)))).toEqual([]);
});

it('and the checks find nothing that is missing', async () => {
  const failures = [
    await failureOf('tsx', 'scripts/generate.ts', '--check'),
    await failureOf('tsc'),
    await failureOf('vitest', 'run', '--project', 'in-process', ...TESTS),
  ];
  expect(failures.join('')).toBe('');
});
