import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const manifest = JSON.parse(textOf('package.json')) as Record<
  'dependencies' | 'optionalDependencies' | 'peerDependencies' | 'devDependencies' | 'overrides',
  Record<string, string>
>;

/** The packages that `src/` imports, at once or when they are needed. */
const imported = new Set(
  readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...textOf(`src/${path}`).matchAll(/(?:\bfrom |\bimport\(|^import )'([^'.][^']*)'/gm)])
    .map(([, specifier = '']) => specifier)
    .filter((specifier) => /^(@[\w-]+\/)?[\w-]+/.test(specifier) && !specifier.startsWith('node:'))
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
);

/** The first column of the table in CONTRIBUTING.md that is headed so. */
function tableOf(heading: string): string[] {
  const [, table = ''] = textOf('CONTRIBUTING.md').split(`| ${heading} |`);
  const [rows = ''] = table.split('\n\n');
  return [...rows.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
}

it('every package that is imported is one that an install brings along or asks for', () => {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const known = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  expect(imported.size).toBeGreaterThan(10);
  expect([...imported].filter((name) => !(name in known))).toEqual([]);
});

it('a dependency that nothing imports is a pin', () => {
  const unused = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
    (name) => !imported.has(name),
  );
  expect(unused.filter((name) => !tableOf('pin').includes(name))).toEqual([]);
});

it('CONTRIBUTING.md says of each pin and each override why it is there, and of no other', () => {
  const { dependencies, optionalDependencies, devDependencies, overrides } = manifest;
  const narrow = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })
    .filter(([, range]) => !/^\^\d+\.\d+\.\d+$/.test(range))
    .map(([name]) => name);
  const pins = [...narrow, ...Object.keys(overrides)];
  expect(pins.length).toBeGreaterThan(0);
  expect(tableOf('pin').toSorted()).toEqual(pins.toSorted());
});
