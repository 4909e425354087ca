import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useScript } from '../support/processes/script.ts';
import { pathOf } from '../support/repository/repository.ts';

const mergeImages = useScript(pathOf('scripts/merge-images.ts'));
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'luaauth-graphql-merge-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const merge = (...args: string[]) => mergeImages(args, cwd);

/** Writes a blob into a folder, and gives its descriptor. */
function blob(folder: string, mediaType: string, content: unknown, more: object = {}) {
  const text = JSON.stringify(content);
  const hex = createHash('sha256').update(text).digest('hex');
  mkdirSync(join(cwd, folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(cwd, folder, 'blobs/sha256', hex), text);
  return { mediaType, digest: `sha256:${hex}`, size: text.length, ...more };
}

/** An archive as buildx writes it: an index with the image of a platform, and the manifest of what attests it. */
function archive(name: string, architecture: string) {
  const layer = blob(name, 'application/vnd.oci.image.layer.v1.tar', `layer of ${architecture}`);
  const platform = { os: 'linux', architecture };
  const image = blob(name, MANIFEST, { layers: [layer] }, { platform });
  const attestation = blob(
    name,
    MANIFEST,
    { provenance: architecture },
    {
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.digest': image.digest },
    },
  );
  pack(name, [blob(name, INDEX, { schemaVersion: 2, manifests: [image, attestation] })]);
  return [image, attestation];
}

function pack(name: string, manifests: readonly object[]) {
  writeFileSync(join(cwd, name, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(cwd, name, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  execFileSync('tar', ['-cf', `${name}.tar`, '-C', name, '.'], { cwd });
}

describe('images of one platform each', () => {
  it('become one image, which has their manifests and what attests each, and whose digest is told', async () => {
    const manifests = [...archive('amd64', 'amd64'), ...archive('arm64', 'arm64')];
    const { code, stdout, stderr } = await merge('image.tar', 'amd64.tar', 'arm64.tar');
    expect([code, stderr]).toEqual([0, '']);
    mkdirSync(join(cwd, 'out'));
    execFileSync('tar', ['-xf', 'image.tar', '-C', 'out'], { cwd });
    const read = (path: string) => readFileSync(join(cwd, 'out', path), 'utf8');
    const [top, ...others] = JSON.parse(read('index.json')).manifests;
    expect(others).toEqual([]);
    expect(stdout).toBe(`digest=${top.digest}\nplatforms=linux/amd64,linux/arm64\n`);
    const index = read(`blobs/${top.digest.replace(':', '/')}`);
    expect(`sha256:${createHash('sha256').update(index).digest('hex')}`).toBe(top.digest);
    expect(JSON.parse(index)).toEqual({ schemaVersion: 2, mediaType: INDEX, manifests });
    for (const { digest, size } of manifests)
      expect(read(`blobs/${digest.replace(':', '/')}`)).toHaveLength(size);
    expect(read('oci-layout')).toContain('1.0.0');
  });

  it('have the same digest whenever they are merged', async () => {
    archive('amd64', 'amd64');
    archive('arm64', 'arm64');
    const first = await merge('image.tar', 'amd64.tar', 'arm64.tar');
    expect(await merge('image.tar', 'amd64.tar', 'arm64.tar')).toEqual(first);
  });

  it('are not merged where two are of the same platform', async () => {
    archive('one', 'arm64');
    archive('two', 'arm64');
    expect(await merge('image.tar', 'one.tar', 'two.tar')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'one.tar and two.tar are both for linux/arm64.\n',
    });
  });

  it('are not merged where one is no image, or only a part of one', async () => {
    archive('amd64', 'amd64');
    const manifest = blob('plain', MANIFEST, {}, { platform: { os: 'linux', architecture: 'arm64' } });
    pack('plain', [manifest]);
    const plain = await merge('image.tar', 'amd64.tar', 'plain.tar');
    expect(plain.stderr).toBe('plain.tar has not one index. Build it with "provenance" and "type=oci".\n');
    const index = blob('part', INDEX, { manifests: [manifest] });
    pack('part', [index]);
    const part = await merge('image.tar', 'amd64.tar', 'part.tar');
    expect(part.stderr).toBe(`part.tar names ${manifest.digest}, which it has not.\n`);
    const none = await merge('image.tar', 'amd64.tar', 'none.tar');
    expect([plain.code, part.code, none.code, none.stderr]).toEqual([1, 1, 1, 'There is no none.tar.\n']);
  });

  it('are two or more', async () => {
    expect(await merge('image.tar', 'amd64.tar')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Name a new archive and two or more to merge'),
    });
  });
});
