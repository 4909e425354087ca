import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { textOf } from '../support/repository/repository.ts';

const manifest = JSON.parse(textOf('package.json')) as Record<
  'dependencies' | 'optionalDependencies' | 'peerDependencies' | 'devDependencies' | 'overrides',
  Record<string, string>
>;

const sources = readdirSync(new URL('../../src', import.meta.url), { recursive: true, encoding: 'utf8' });
const isForBrowsers = (path: string) => path.startsWith('features/graphiql/browser/');

/** The packages that files of `src/` import, at once or when they are needed. */
const importedBy = (files: readonly string[]) =>
  new Set(
    files
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) => [
        ...textOf(`src/${path}`).matchAll(/(?:\bfrom |\bimport\(|^import )'([^'.][^']*)'/gm),
      ])
      .map(([, specifier = '']) => specifier)
      .filter((specifier) => /^(@[\w-]+\/)?[\w-]+/.test(specifier) && !specifier.startsWith('node:'))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
  );
const imported = importedBy(sources.filter((path) => !isForBrowsers(path)));

/** The names in the first column of the table in docs/architecture.md that is headed so. */
function tableOf(heading: string): string[] {
  const [, table = ''] = textOf('docs/architecture.md').split(`| ${heading} |`);
  const [rows = ''] = table.split('\n\n');
  const cells = [...rows.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => cell.match(/(?<=`)[^`, ]+(?=`)/g) ?? []);
}

it('every package that is imported is one that an install brings along or asks for', () => {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const known = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  expect(imported.size).toBeGreaterThan(10);
  expect([...imported].filter((name) => !(name in known))).toEqual([]);
});

it('what the GraphiQL page imports is there to build it, and no install brings it along', () => {
  const page = importedBy(sources.filter(isForBrowsers));
  expect(page).toContain('graphiql');
  const { dependencies, devDependencies } = manifest;
  expect([...page].filter((name) => !(name in { ...devDependencies, graphql: '' }))).toEqual([]);
  expect([...page].filter((name) => name !== 'graphql' && name in dependencies)).toEqual([]);
});

it('a dependency that nothing imports is a pin', () => {
  const unused = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
    (name) => !imported.has(name),
  );
  expect(unused.filter((name) => !tableOf('pin').includes(name))).toEqual([]);
});

it('the architecture says of each pin and each override why it is there, and of no other', () => {
  const { dependencies, optionalDependencies, devDependencies, overrides } = manifest;
  const narrow = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })
    .filter(([, range]) => !/^\^\d+\.\d+\.\d+$/.test(range))
    .map(([name]) => name);
  const pins = [...narrow, ...Object.keys(overrides)];
  expect(pins.length).toBeGreaterThan(0);
  expect(tableOf('pin').toSorted()).toEqual(pins.toSorted());
});

/** Open source, as the OSI has it, without a condition on what is served to others. */
const OPEN = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
/** Licences of files that no product is made of: one whose files stay open when changed, Python's, and one for data. */
const OPEN_FOR_DEVELOPMENT = [...OPEN, 'MPL-2.0', 'Python-2.0', 'PSF-2.0', 'CC-BY-4.0'];

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly license?: string;
}

/** The licences that a package can be used under, each by itself. */
function licencesOf(path: string, locked: Locked): string[] {
  const url = new URL(`../../${path}/package.json`, import.meta.url);
  // Those for other platforms are not installed.
  const { license } = existsSync(url) ? (JSON.parse(readFileSync(url, 'utf8')) as Locked) : locked;
  return (license ?? locked.license ?? 'none').replace(/^\((.*)\)$/, '$1').split(' OR ');
}

it('every package is open source, of the product and of its development', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> };
  const all = Object.entries(packages).filter(([path]) => path !== '');
  expect(all.length).toBeGreaterThan(100);
  const others = all.flatMap(([path, locked]) => {
    const allowed = (locked.dev ?? locked.devOptional) ? OPEN_FOR_DEVELOPMENT : OPEN;
    const licences = licencesOf(path, locked);
    return licences.some((licence) => allowed.includes(licence)) ? [] : [`${path}: ${licences.join(' OR ')}`];
  });
  expect(others).toEqual([]);
});
