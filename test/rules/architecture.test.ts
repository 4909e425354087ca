import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../../src/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
  .map((file) => ({ file, text: readFileSync(new URL(file, SRC), 'utf8') }));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

/** Every import of one of our files by another: static, re-exporting, for its effect, or dynamic. */
const imports: Import[] = sources.flatMap(({ file, text }) => {
  const values =
    text.match(/^(?:import|export)\b(?! type\b)[^'";]*'[^']+'|\bimport\('[^']+'\)/gm)?.join('\n') ?? '';
  return (text.match(/(?<=')\.\.?\/[^']+\.tsx?(?=')/g) ?? []).map((path) => ({
    from: file,
    to: posix.join(posix.dirname(file), path),
    isType: !values.includes(`'${path}'`),
  }));
});

const isIn = (file: string, places: readonly string[]) =>
  places.some((place) => file === place || file.startsWith(`${place}/`));

const show = ({ from, to }: Import) => `${from} -> ${to}`;

describe('imports point down', () => {
  it('lead from what the package offers, and the script of the GraphiQL page, to every file', () => {
    const imported = new Set(imports.map(({ to }) => to));
    const offered = JSON.stringify([manifest.bin, manifest.exports]);
    const begins = (file: string) =>
      offered.includes(`dist/${file.replace(/ts$/, 'js')}"`) ||
      offered.includes(`dist/${file.replace(/ts$/, 'd.ts')}"`) ||
      // The bundle of the page puts the second in the place of Monaco.
      /^features\/graphiql\/browser\/(start|editor\/monaco)\./.test(file);
    const alone = sources.filter(({ file }) => !imported.has(file) && !begins(file));
    expect(alone.map(({ file }) => file)).toEqual([]);
  });

  /** From the bottom to the top. Each of them imports what stands before it, and the features are above all but the last. */
  const LAYERS = [
    'version.ts',
    'base',
    'state',
    'transport',
    'client-request.ts',
    'luaauth',
    'errors',
    'gate',
    'observability',
    'callers',
    'context.ts',
    'plan',
    'schema',
    'execution',
    'operation',
    'http',
    'gateway-options.ts',
    'config',
    'gateway.ts',
    'embed',
    'server',
    'cli',
    'features',
    'index.ts',
    'main.ts',
  ];
  const levelOf = (file: string) => LAYERS.indexOf(file.split('/')[0] ?? '');

  it('every file is in a layer, and imports none of a higher one', () => {
    expect(sources.filter(({ file }) => levelOf(file) === -1).map(({ file }) => file)).toEqual([]);
    expect(imports.filter(({ from, to }) => levelOf(to) > levelOf(from)).map(show)).toEqual([]);
  });

  it('the sandbox, which tests take for LuaAuth, shares nothing with the gateway but endpoints and signals', () => {
    const own = imports.filter(({ from }) => isIn(from, ['features/sandbox']));
    const shared = ['features/sandbox', 'luaauth/wire.ts', 'luaauth/endpoints.ts', 'server/signals.ts'];
    expect(own.filter(({ to }) => !isIn(to, shared)).map(show)).toEqual([]);
  });

  const featureOf = (file: string) => file.match(/^features\/[^/]+(?=\/)/)?.[0];

  it('no core file imports a feature, and no feature another: they are listed in two files alone', () => {
    const roots = ['features/gateway-features.ts', 'features/process-features.ts'];
    const wrong = imports.filter(
      ({ from, to }) => featureOf(to) && featureOf(from) !== featureOf(to) && !isIn(from, roots),
    );
    expect(wrong.map(show)).toEqual([]);
    const lists = imports.filter(({ to }) => isIn(to, roots));
    expect([...new Set(lists.map(({ from }) => from))].sort()).toEqual([
      'features/process-features.ts',
      'features/schema.ts',
      'index.ts',
      'main.ts',
    ]);
  });

  it('each feature has one line in these lists', () => {
    const features = readdirSync(new URL('features/', SRC), { withFileTypes: true });
    const folders = features.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const listed = ['gateway-features.ts', 'process-features.ts'].flatMap((file) => {
      const text = readFileSync(new URL(`features/${file}`, SRC), 'utf8');
      return [...text.matchAll(/^export (?:\* as|const) (\w+) .*'\.\/(\w+)\/.*;$/gm)].map(
        ([, name, folder]) => [name, folder],
      );
    });
    expect(listed.sort()).toEqual(folders.sort().map((name) => [name, name]));
  });

  it('only what serves a protocol executes operations', () => {
    const doors = ['gateway.ts', 'http', 'features/websocket', 'features/agents', 'operation'];
    const others = imports.filter(({ from, to }) => to === 'operation/pipeline.ts' && !isIn(from, doors));
    expect(others.map(show)).toEqual([]);
  });

  it('take only types from the context into the schema, and from the configuration into all but the command line and the embedded gateway', () => {
    const values = imports.filter(({ isType }) => !isType);
    expect(values.filter(({ from, to }) => isIn(from, ['schema']) && to === 'context.ts').map(show)).toEqual(
      [],
    );
    const mayKnow = ['config', 'cli', 'features/commands', 'index.ts'];
    const known = values.filter(({ to }) => isIn(to, ['config/config.ts']));
    expect(known.filter(({ from }) => !isIn(from, mayKnow)).map(show)).toEqual([]);
  });

  it('and never in a circle', () => {
    expect(circles()).toEqual([]);
  });
});

it('only the command line and the configuration read the environment', () => {
  const readers = sources.filter(({ text }) => /\bprocess\.env\b|\benv\b.*\bprocess\b/.test(text));
  expect(readers.map(({ file }) => file).sort()).toEqual(['cli/run.ts']);
});

describe('what is shared by several gateways can be simulated', () => {
  /** The clock and the source of random numbers of the system, which are arguments everywhere else. */
  const SYSTEM = ['base/clock.ts', 'base/random-source.ts'];
  const LAYERS = ['base', 'transport', 'state', 'features/redis', 'features/live'];
  const WORDS = [
    /\b(?:setTimeout|setInterval|setImmediate|nextTick|hrtime)\b|\bnode:timers\b|\bAbortSignal\.timeout\b/,
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    /\bMath\.random\b|\brandom(?:Bytes|Int|UUID|FillSync|Fill)\b|\bgetRandomValues\b/,
  ];
  const uses = (text: string) => {
    const code = text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, '');
    return WORDS.some((word) => word.test(code));
  };

  it('every timer uses the clock, and every random number the source', () => {
    const own = sources.filter(({ file }) => isIn(file, LAYERS) && !SYSTEM.includes(file));
    expect(own.filter(({ text }) => uses(text)).map(({ file }) => file)).toEqual([]);
  });

  it('the words are found in the files of the system', () => {
    const system = sources.filter(({ file }) => SYSTEM.includes(file));
    expect(system.map(({ text }) => uses(text))).toEqual([true, true]);
  });
});

it('every mutation is made in one place, by which its end reaches the audit log', () => {
  const makers = sources.filter(({ text }) => /\bbuilder\.mutationFields?\(/.test(text));
  expect(makers.map(({ file }) => file)).toEqual(['schema/define-mutation.ts']);
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
