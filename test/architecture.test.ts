import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../src/', import.meta.url);

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => ({ file, text: readFileSync(new URL(file, SRC), 'utf8') }));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

/** Every import of one of our files by another: static, re-exporting, for its effect, or dynamic. */
const imports: Import[] = sources.flatMap(({ file, text }) =>
  [
    ...text.matchAll(/^(?:import|export)\b( type\b)?[^'";]*'(\.[^']+\.ts)'/gm),
    ...text.matchAll(/\bimport\(()'(\.[^']+\.ts)'\)/g),
  ].map(([, type, path = '']) => ({
    from: file,
    to: posix.join(posix.dirname(file), path),
    isType: type === ' type',
  })),
);

const isIn = (file: string, places: readonly string[]) =>
  places.some((place) => file === place || file.startsWith(`${place}/`));

const show = ({ from, to }: Import) => `${from} -> ${to}`;

describe('imports point down', () => {
  it('are all found', () => {
    expect(imports.map(show)).toEqual(
      expect.arrayContaining([
        'main.ts -> cli/program.ts',
        'cli/configuration.ts -> config/config.ts',
        'cli/program.ts -> server/serve.ts',
        'server/open-gateway.ts -> gateway.ts',
        'schema/index.ts -> schema/scalars.ts',
        'schema/index.ts -> schema/create.ts',
        'luaauth/api.ts -> transport/call.ts',
      ]),
    );
    const files = new Set(sources.map(({ file }) => file));
    expect(imports.filter(({ to }) => !files.has(to))).toEqual([]);
    const imported = new Set(imports.map(({ to }) => to));
    expect([...files].filter((file) => !imported.has(file)).sort()).toEqual([
      // Where the script of the GraphiQL page begins, which is bundled.
      'graphiql/browser/start.ts',
      'index.ts',
      'main.ts',
      'sandbox/exports.ts',
    ]);
  });

  it.each([
    ['execution', []],
    ['state', []],
    ['transport', ['state']],
    ['luaauth', ['transport', 'state']],
    ['errors', ['luaauth', 'transport']],
    ['live', ['luaauth', 'transport', 'state', 'errors']],
    ['observability', ['transport']],
    ['limits', ['execution', 'errors']],
    ['callers', ['luaauth', 'transport', 'errors', 'observability', 'execution', 'state']],
    ['context.ts', ['callers', 'live', 'luaauth', 'transport', 'errors', 'observability']],
    [
      'schema',
      ['callers', 'live', 'luaauth', 'limits', 'execution', 'errors', 'context.ts', 'state/maybe-promise.ts'],
    ],
    [
      'operation',
      ['callers', 'limits', 'execution', 'observability', 'errors', 'context.ts', 'transport', 'state'],
    ],
    ['http', ['operation', 'observability', 'errors', 'context.ts', 'transport']],
    ['graphiql', ['context.ts', 'http/media-type.ts']],
    [
      'config',
      [
        'limits',
        'live/live-limits.ts',
        'luaauth',
        'operation/persisted',
        'http/read-body.ts',
        'http/body-budget.ts',
        'http/address.ts',
        'callers',
      ],
    ],
    ['sandbox', ['luaauth/wire.ts']],
  ])('%s imports nothing but itself and %j', (layer, below) => {
    const own = imports.filter(({ from }) => isIn(from, [layer]));
    expect(own.filter(({ to }) => !isIn(to, [layer, ...below])).map(show)).toEqual([]);
  });

  it.each([
    ['main.ts', []],
    ['cli', ['main.ts', 'cli']],
    ['server', ['main.ts', 'cli', 'server']],
    ['index.ts', []],
    ['gateway.ts', ['server', 'index.ts']],
    ['operation/pipeline.ts', ['gateway.ts', 'http', 'operation/envelop-engine.ts']],
    ['sandbox', ['cli', 'server', 'sandbox']],
  ])('%s is imported by %j alone', (layer, above) => {
    expect(imports.filter(({ from, to }) => isIn(to, [layer]) && !isIn(from, above)).map(show)).toEqual([]);
  });

  it('takes no more than types from the context into the schema, and from the configuration into anything but the command line and what is embedded', () => {
    const values = imports.filter(({ isType }) => !isType);
    expect(values.filter(({ from, to }) => isIn(from, ['schema']) && to === 'context.ts').map(show)).toEqual(
      [],
    );
    expect(
      values
        .filter(({ to }) => to === 'config/config.ts')
        .map(show)
        .sort(),
    ).toEqual(['cli/configuration.ts -> config/config.ts', 'index.ts -> config/config.ts']);
  });

  it('and never in a circle', () => {
    expect(circles()).toEqual([]);
  });
});

describe('names', () => {
  /** What a resource of the API is called, in each layer that has to do with it. */
  const RESOURCES = [
    'scripts.ts',
    'sessions.ts',
    'messages.ts',
    'projects.ts',
    'users.ts',
    'refusal.ts',
    'index.ts',
  ];

  it('of files stand once, but for those that belong together', () => {
    const names = sources.map(({ file }) => posix.basename(file)).filter((name) => !RESOURCES.includes(name));
    expect(repeated(names)).toEqual([]);
  });

  it('of exported types stand once', () => {
    const names = sources.flatMap(({ text }) =>
      [...text.matchAll(/^export (?:abstract )?(?:interface|type|class) (\w+)/gm)].map(
        ([, name = '']) => name,
      ),
    );
    expect(names.length).toBeGreaterThan(100);
    expect(repeated(names)).toEqual([]);
  });

  it('in the root are few: what starts, what is embedded, what builds, and what all see', () => {
    expect(
      sources
        .map(({ file }) => file)
        .filter((file) => !file.includes('/'))
        .sort(),
    ).toEqual(['context.ts', 'gateway.ts', 'index.ts', 'main.ts', 'version.ts']);
  });
});

it('the environment is read in one place', () => {
  const readers = sources.filter(({ text }) => /\bprocess\.env\b|\benv\b.*\bprocess\b/.test(text));
  expect(readers.map(({ file }) => file).sort()).toEqual(['config/config.ts']);
});

it('everything is exported by name', () => {
  const nameless = sources.filter(({ text }) => /^export default\b|\bas default\b/m.test(text));
  expect(nameless.map(({ file }) => file)).toEqual([]);
});

it('nothing is hung on an object of somebody else by a symbol', () => {
  const marked = sources.filter(({ text }) => /\bSymbol\(/.test(text));
  expect(marked.map(({ file }) => file)).toEqual([]);
});

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** Import paths that come back to where they began. */
function circles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const { from, to } of imports) if (from === file) visit(to, [...path, file]);
    done.add(file);
  };
  for (const { file } of sources) visit(file, []);
  return found;
}
