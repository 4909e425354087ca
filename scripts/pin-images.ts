// Pins the repository's base images. `node scripts/pin-images.ts` writes the digest of each tag next to it; `--check` only
// lists images without a digest. Needs no packages, so a workflow runs it at once.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { digestOf, imagesIn, isPinned, withDigests } from './image-digests.ts';

const FILES = [
  'Dockerfile',
  'compose.yaml',
  'compose.several.yaml',
  'examples/deploy/compose.yaml',
  'examples/kubernetes/valkey.yaml',
];

try {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean' } },
    allowPositionals: true,
  });
  const files = (positionals.length > 0 ? positionals : FILES).map((path) => ({
    path,
    text: readFileSync(path, 'utf8'),
  }));
  if (values.check) check(files);
  else await pin(files);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

type Files = readonly { readonly path: string; readonly text: string }[];

/** @throws Error that names each image without a digest */
function check(files: Files): void {
  const loose = files.flatMap(({ path, text }) =>
    imagesIn(text)
      .filter((image) => !isPinned(image))
      .map(({ line, name }) => `${path}:${line}: ${name} has no digest, so its registry could change it.`),
  );
  if (loose.length > 0)
    throw new Error([...loose, 'Run "node scripts/pin-images.ts", and commit what it writes.'].join('\n'));
}

/** Writes nothing unless each registry has answered. */
async function pin(files: Files): Promise<void> {
  const names = new Set(files.flatMap(({ text }) => imagesIn(text).map(({ name }) => name)));
  const asked = await Promise.allSettled(
    [...names].map(async (name) => [name, await digestOf(name)] as const),
  );
  const failed = asked.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  if (failed.length > 0) throw new Error([...failed, 'No file was changed.'].join('\n'));
  const digests = new Map(asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  for (const { path, text } of files) {
    const pinned = withDigests(text, digests);
    if (pinned === text) continue;
    writeFileSync(path, pinned);
    console.log(`${path}: ${imagesIn(pinned).length} images have the digests of today.`);
  }
}
