/**
 * Bundles the product's own modules into `dist`, because Node takes 0.2 ms of each start for each file. Packages stay in
 * `node_modules`, and what is imported late stays in files of its own. `--release` leaves out the source maps.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const ENTRIES = {
  main: 'src/main.ts',
  index: 'src/index.ts',
  schema: 'src/features/schema.ts',
  sandbox: 'src/features/sandbox/exports.ts',
};
/** A running gateway may still import a file of the build that it was started from. */
const KEPT_MS = 24 * 60 * 60 * 1000;

const isRelease = process.argv.includes('--release');
const { outputFiles } = await build({
  absWorkingDir: ROOT,
  // A build without a feature has no entry for it.
  entryPoints: Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(join(ROOT, file)))),
  outdir: DIST,
  // All files are in one folder, so that `PACKAGE` is right in each of them.
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  // The hash in a name depends on the map: a release has maps that are not written.
  sourcemap: isRelease ? 'external' : 'linked',
  write: false,
});
const written = new Set(outputFiles.map(({ path }) => path));
for (const { path, contents } of outputFiles) {
  if (isRelease && path.endsWith('.map')) continue;
  if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents);
}
for (const name of readdirSync(DIST)) {
  const path = join(DIST, name);
  const isOld = /\.js(\.map)?$/.test(name) && !written.has(path);
  if (isOld && statSync(path).mtimeMs < Date.now() - KEPT_MS) rmSync(path);
}
