// Lists what a packed tarball contains, and refuses anything that is not published: node scripts/packed-files.ts TARBALL.
// Needs no packages, so a workflow runs it at once.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

const PUBLISHED = [
  /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/(?!page\/).*\.(?:js|d\.ts)$/,
  /^dist\/page\/[\w.-]+\.(?:js|css|json|md)$/,
  /^docs\/.*\.md$/,
  /^docs\/images\/\w+\.png$/,
  /^schema\/\w+\.graphql$/,
  /^examples\/agents\/documents\/\w+\.graphql$/,
  /^examples\/react-dashboard\/dist\/.*\.(?:js|css|html)$/,
];
/** Packed it is 1.6 MB. */
const MAX_BYTES = 2_000_000;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

try {
  const [tarball] = process.argv.slice(2);
  if (tarball === undefined) throw new Error('Name the tarball: node scripts/packed-files.ts TARBALL');
  const bytes = readFileSync(tarball);
  const tar = (...args: string[]) =>
    execFileSync('tar', [...args.slice(0, 1), '-f', tarball, ...args.slice(1)], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });
  const files = tar('-tz')
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  const packed = JSON.parse(tar('-xzO', 'package/package.json')) as Manifest;
  const ours = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

  console.log(`${packed.name}@${packed.version}: ${files.length} files, ${bytes.length} bytes packed`);
  for (const [folder, count] of countByFolder(files)) console.log(`${String(count).padStart(6)}  ${folder}`);
  console.log(`sha512-${createHash('sha512').update(bytes).digest('base64')}`);

  const wrong = [
    ...files
      .filter((path) => !PUBLISHED.some((form) => form.test(path)))
      .map((path) => `${path} is not for publishing.`),
    ...entriesOf(packed)
      .filter((path) => !files.includes(path))
      .map((path) => `package.json names ${path}, which is missing.`),
    ...(packed.name === ours.name && packed.version === ours.version
      ? []
      : [`It is not ${ours.name}@${ours.version}, which package.json has.`]),
    ...(bytes.length > MAX_BYTES ? [`It is larger than ${MAX_BYTES} bytes.`] : []),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** The files that a command or an import reaches. */
function entriesOf({ bin, exports }: Manifest): string[] {
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  return [...Object.values(bin), ...targets].map((path) => posix.normalize(path));
}

function countByFolder(files: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of files.toSorted()) {
    const folder = path.split('/').slice(0, -1).slice(0, 2).join('/') || '.';
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return counts;
}
