import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../src/', import.meta.url);

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
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
        'cli/configuration.ts -> config.ts',
        'cli/program.ts -> run/serve.ts',
        'run/gateway.ts -> gateway.ts',
        'schema/index.ts -> schema/scalars.ts',
        'schema/index.ts -> schema/create.ts',
        'luaauth/api.ts -> transport/call.ts',
      ]),
    );
    const files = new Set(sources.map(({ file }) => file));
    expect(imports.filter(({ to }) => !files.has(to))).toEqual([]);
    const imported = new Set(imports.map(({ to }) => to));
    expect([...files].filter((file) => !imported.has(file)).sort()).toEqual([
      'embed.ts',
      'main.ts',
      'sandbox/index.ts',
    ]);
  });

  it.each([
    ['transport', []],
    ['luaauth', ['transport']],
    ['limits', []],
    ['schema', ['luaauth', 'limits', 'errors.ts', 'context.ts']],
    ['http', ['errors.ts', 'transport/growing-buffer.ts', 'transport/signal.ts', 'transport/together.ts']],
    ['persisted', ['errors.ts', 'http/operation.ts']],
    ['operation', ['http', 'errors.ts', 'context.ts', 'transport']],
    ['express', ['http', 'limits', 'operation', 'context.ts', 'report.ts']],
    ['sandbox', ['luaauth/wire.ts']],
    ['errors.ts', ['luaauth', 'transport', 'limits']],
    ['context.ts', ['luaauth', 'transport', 'errors.ts', 'http/node-request.ts']],
  ])('%s imports nothing but itself and %j', (layer, below) => {
    const own = imports.filter(({ from }) => isIn(from, [layer]));
    expect(own).not.toEqual([]);
    expect(own.filter(({ to }) => !isIn(to, [layer, ...below])).map(show)).toEqual([]);
  });

  it.each([
    ['main.ts', []],
    ['cli', ['main.ts', 'cli']],
    ['run', ['cli', 'run']],
    ['embed.ts', []],
    ['gateway.ts', ['run', 'embed.ts']],
    ['express', ['gateway.ts', 'express']],
    ['server.ts', ['run']],
    ['sandbox', ['cli', 'run', 'sandbox']],
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
        .filter(({ to }) => to === 'config.ts')
        .map(show)
        .sort(),
    ).toEqual(['cli/configuration.ts -> config.ts', 'embed.ts -> config.ts']);
  });

  it('and never in a circle', () => {
    expect(circles()).toEqual([]);
  });
});

it('the environment is read in one place', () => {
  const readers = sources.filter(({ text }) => /\bprocess\.env\b|\benv\b.*\bprocess\b/.test(text));
  expect(readers.map(({ file }) => file).sort()).toEqual(['config.ts']);
});

it('everything is exported by name', () => {
  const nameless = sources.filter(({ text }) => /^export default\b|\bas default\b/m.test(text));
  expect(nameless.map(({ file }) => file)).toEqual([]);
});

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
