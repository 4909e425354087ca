import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { textOf } from '../../support/repository/repository.ts';

const FOLDER = 'src/features/graphiql/browser/editor/';
const README = textOf(`${FOLDER}README.md`);
const PACKAGES = [
  'graphiql',
  ...['react', 'plugin-doc-explorer', 'plugin-history', 'plugin-explorer'].map((name) => `@graphiql/${name}`),
];

/** The code of GraphiQL without comments and texts. It keeps the names of its variables. */
const code = PACKAGES.flatMap((name) => {
  const dist = `node_modules/${name}/dist/`;
  return readdirSync(new URL(`../../../${dist}`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.startsWith('setup-workers'))
    .map((file) => textOf(dist + file).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g, ''));
}).join('\n');

/** A list of the README, as "key: member" for each member. */
function listOf(heading: string): string[] {
  const [, section = ''] = README.split(`## ${heading}\n`);
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^- `([\w.-]+)`: (.+)$/gm)];
  return rows.flatMap(([, key, members = '']) =>
    [...members.matchAll(/`(\w+)`/g)].map(([, member]) => `${key}: ${member}`),
  );
}

const sorted = (all: Iterable<string>) => [...new Set(all)].sort();

it('the README names the versions that GraphiQL asks for', () => {
  const [, ...named] =
    /GraphiQL ([\d.]+) .* monaco-editor ([\d.]+) and monaco-graphql ([\d.]+)\./.exec(README) ?? [];
  const { dependencies } = JSON.parse(textOf('node_modules/@graphiql/react/package.json'));
  const versions = [dependencies['monaco-editor'], dependencies['monaco-graphql'].replace('^', '')];
  expect(named).toEqual([JSON.parse(textOf('node_modules/graphiql/package.json')).version, ...versions]);
});

it('GraphiQL imports of Monaco what the README lists, and monaco.ts exports it', () => {
  const statements = code.matchAll(/\{([^{}]*)\} from ["']monaco-[^"']*?([\w-]+\.js)["']/g);
  const dynamic = code.matchAll(/\{ (\w+) \} = await import\(["']monaco-[^"']*?([\w-]+\.js)["']\)/g);
  const imported = [...statements, ...dynamic].flatMap(([, names = '', file]) =>
    names.split(',').map((name) => `${file}: ${name.trim().split(' as ')[0]}`),
  );
  // It is taken apart behind a Promise.all, together with the namespace.
  expect(
    code
      .match(/import\(["']monaco-[^"']*["']\)/g)
      ?.map((one) => one.match(/[\w-]+\.js/)?.[0])
      .sort(),
  ).toEqual(['lite.js', 'monaco-editor.js', 'mouseTarget.js']);
  expect(code).toMatch(/\[monaco, \{ initializeMode \}\] = await Promise\.all/);
  expect(sorted([...imported, 'lite.js: initializeMode'])).toEqual(sorted(listOf('Imports')));
  const own = textOf(`${FOLDER}monaco.ts`);
  for (const entry of listOf('Imports'))
    expect(own).toMatch(new RegExp(`^export (?:const|class) ${entry.split(': ')[1]}\\b`, 'm'));
});

it('GraphiQL calls of Monaco what the README lists', () => {
  const texts = code.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, '""');
  const accesses = texts.matchAll(
    /\b(monaco\??\.\w+|monacoGraphQL|\w*[eE]ditor(?:Instance)?|model|\w*[mM]odel\(\)|\w*[uU]ri|selection|decorationCollection|KeyMod|KeyCode)(?:_\d+)?\??\.(\w+)/g,
  );
  const called = [...accesses].flatMap(([, receiver = '', member = '']) => {
    const kind = kindOf(receiver.replace('?', ''));
    return kind === undefined ? [] : [`${kind}: ${member}`];
  });
  expect(sorted(called)).toEqual(sorted(listOf('Members')));
});

/** The interface that a variable of GraphiQL has by its name; undefined: another object. */
function kindOf(receiver: string): string | undefined {
  if (receiver === 'searchInEditor') return undefined;
  if (/editor(?:Instance)?$/i.test(receiver) && !receiver.startsWith('monaco.')) return 'editor';
  if (/model\(\)$/i.test(receiver)) return 'model';
  return /uri$/i.test(receiver) ? 'uri' : receiver;
}
