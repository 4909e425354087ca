/**
 * `npm run without -- live [arguments of vitest]` copies the project and deletes a feature with its line in the composition
 * root. Then it checks the types and runs the tests of the rest. Without a name it does this for each feature.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { featuresOf, removeFeature } from './remove-feature.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** A test that has one of these words is a test of the feature, although it imports nothing of it. */
const WORDS: Readonly<Record<string, RegExp>> = {
  agents: /\bMCP|\bmcp\b|\/agent\.ts'/,
  audit: /AUDIT_LOG/,
  commands: /\['(?:check|keys|query)'|'(?:check|keys|query)',/,
  compression: /content-encoding|accept-encoding/,
  dashboard: /DASHBOARD|dashboard/,
  differences: /--probe/,
  federation: /_entities|_service|_Any/,
  graphiql: /graphiql/i,
  jwt: /JWKS|JWT/,
  live: /subscription|scriptSessions|LIVE_|live-/,
  metrics: /METRICS_|\/metrics/,
  persisted: /PERSISTED|persisted|documentId/,
  redis: /REDIS|redis/,
  sandbox: /SANDBOX|sandbox/,
  tracing: /OTEL|tracing|collector/,
  websocket: /websocket|WebSocket|socket-client/,
};

/** Tests of the documentation, the package and the committed schema, which are about the whole product. */
const OF_THE_WHOLE =
  /^test\/(?:docs|package|rules\/(?:schema-examples|declarations|exports)|schema\/schema\.test)/;

/** The features of a build are known to these files alone. */
const ROOTS = /^src\/(?:features\/[^/]+|index|main)\.ts$/;

const [wanted, ...args] = process.argv.slice(2);
const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const sources = new Map(
  tracked
    .filter((file) => /\.tsx?$/.test(file) && existsSync(join(ROOT, file)))
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]),
);
const failed = (wanted ? [wanted] : featuresOf(ROOT)).filter((feature) => !passesWithout(feature));
if (failed.length > 0) {
  console.error(`The rest does not pass without one of these features: ${failed.join(', ')}`);
  process.exitCode = 1;
}

function passesWithout(feature: string): boolean {
  const copy = mkdtempSync(join(tmpdir(), 'luaauth-graphql-without-'));
  try {
    const reach = filesThatReach(`src/features/${feature}/`);
    const isOfFeature = (file: string) =>
      file.startsWith(`test/features/${feature}/`) || (!file.startsWith('src/') && reach.has(file));
    const kept = tracked.filter((file) => existsSync(join(ROOT, file)) && !isOfFeature(file));
    for (const file of kept) cpSync(join(ROOT, file), join(copy, file));
    cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    removeFeature(copy, feature);
    const tests = kept.filter(
      (file) =>
        /^test\/.*\.test\.ts$/.test(file) &&
        !OF_THE_WHOLE.test(file) &&
        !WORDS[feature]?.test(sources.get(file) ?? ''),
    );
    console.log(`Without ${feature}: ${tests.length} files of tests are left`);
    const run = (command: string, ...given: string[]) =>
      spawnSync(join(ROOT, 'node_modules/.bin', command), given, { cwd: copy, stdio: 'inherit' }).status ===
      0;
    return run('tsc') && (tests.length === 0 || run('vitest', 'run', ...args, ...tests));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Every file that imports something of a folder, itself or by other files. */
function filesThatReach(folder: string): ReadonlySet<string> {
  const reach = new Set([...sources.keys()].filter((file) => file.startsWith(folder)));
  for (let before = -1; before < reach.size; ) {
    before = reach.size;
    for (const [file, text] of sources) {
      if (ROOTS.test(file)) continue;
      if (importsOf(file, text).some((imported) => reach.has(imported))) reach.add(file);
    }
  }
  return reach;
}

function importsOf(file: string, text: string): string[] {
  const paths = [...text.matchAll(/(?:from |import\(|import )'(\.[^']+)'/g)];
  return paths.map(([, path = '']) => relative(ROOT, resolve(ROOT, dirname(file), path)));
}
