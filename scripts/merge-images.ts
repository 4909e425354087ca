// Merges images of one platform each into one image: node scripts/merge-images.ts OUT.tar IN.tar IN.tar. All are OCI archives.
// The digest is known before anything is pushed. Needs no packages, so a workflow runs it at once.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

interface Index {
  readonly manifests: readonly Descriptor[];
}

const INDEX = 'application/vnd.oci.image.index.v1+json';

const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-image-'));
try {
  const [out, ...archives] = process.argv.slice(2);
  if (out === undefined || archives.length < 2)
    throw new Error(
      'Name a new archive and two or more to merge: node scripts/merge-images.ts OUT.tar IN.tar IN.tar',
    );
  // Blobs are named after their content, so the archives fit into one folder.
  const images = archives.map((archive) => ({ archive, manifests: unpack(archive) }));
  const platforms = platformsOf(images);
  const digest = writeIndex(images.flatMap(({ manifests }) => manifests));
  execFileSync('tar', ['-cf', out, '-C', directory, 'oci-layout', 'index.json', 'blobs']);
  // In the form of a step's outputs.
  console.log(`digest=${digest}\nplatforms=${platforms.join(',')}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}

function blobAt(digest: string): string {
  return join(directory, 'blobs', digest.replace(':', '/'));
}

/** The manifests in an archive: the image and its attestations. */
function unpack(archive: string): readonly Descriptor[] {
  if (!existsSync(archive)) throw new Error(`There is no ${archive}.`);
  execFileSync('tar', ['-xf', archive, '-C', directory]);
  const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as Index;
  const [index, ...others] = manifests;
  if (index?.mediaType !== INDEX || others.length > 0)
    throw new Error(`${archive} has not one index. Build it with "provenance" and "type=oci".`);
  const found = (JSON.parse(readFileSync(blobAt(index.digest), 'utf8')) as Index).manifests;
  rmSync(blobAt(index.digest));
  for (const { digest } of found)
    if (!existsSync(blobAt(digest))) throw new Error(`${archive} names ${digest}, which it has not.`);
  return found;
}

/** @throws Error if two archives are for the same platform, or one is for none */
function platformsOf(images: readonly { archive: string; manifests: readonly Descriptor[] }[]): string[] {
  const archives = new Map<string, string>();
  for (const { archive, manifests } of images) {
    // The manifest of an attestation has an unknown platform.
    const known = manifests.flatMap(({ platform }) =>
      platform && platform.os !== 'unknown' ? [platform] : [],
    );
    if (known.length === 0) throw new Error(`${archive} has no image for a platform.`);
    for (const { os, architecture } of known) {
      const platform = `${os}/${architecture}`;
      const other = archives.get(platform);
      if (other !== undefined) throw new Error(`${other} and ${archive} are both for ${platform}.`);
      archives.set(platform, archive);
    }
  }
  return [...archives.keys()];
}

function writeIndex(manifests: readonly Descriptor[]): string {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  writeFileSync(blobAt(digest), text);
  const descriptor: Descriptor = { mediaType: INDEX, digest, size: Buffer.byteLength(text) };
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptor] }),
  );
  return digest;
}
