import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, imagesIn, isPinned, withDigests } from '../../scripts/image-digests.ts';
import { listen } from '../support/network/listen.ts';
import { useScript } from '../support/processes/script.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';

const pinImages = useScript(pathOf('scripts/pin-images.ts'));
const OLD = `sha256:${'0'.repeat(64)}`;
const manifestOf = (repository: string, tag: string) => JSON.stringify({ manifests: [repository, tag] });
const digestFor = (repository: string, tag: string) =>
  `sha256:${createHash('sha256').update(manifestOf(repository, tag)).digest('hex')}`;

/** A registry that gives manifests to holders of the token that it gives to everyone. */
let registry: Awaited<ReturnType<typeof listen>>;
let host: string;
let asked: string[];
let toldDigest: string | undefined;
beforeAll(async () => {
  const server = createServer(({ url = '', headers }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://registry');
    asked.push(pathname);
    if (pathname === '/token') {
      const token = `for ${searchParams.get('scope')} at ${searchParams.get('service')}`;
      return void response.end(JSON.stringify({ token }));
    }
    const [, repository = '', tag = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname) ?? [];
    const scope = `repository:${repository}:pull`;
    if (headers.authorization !== `Bearer for ${scope} at here`) {
      const challenge = `Bearer realm="http://${host}/token",service="here",scope="${scope}"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (tag === 'missing') return void response.writeHead(404).end('{"errors":[]}');
    if (tag === 'endless') return void response.end(' '.repeat(5 * 1024 * 1024));
    if (!headers.accept?.includes('image.index')) return void response.writeHead(406).end();
    response.setHeader('docker-content-digest', toldDigest ?? digestFor(repository, tag));
    response.end(manifestOf(repository, tag));
  });
  registry = await listen(server);
  host = new URL(registry.url).host;
});
afterAll(() => registry.close());

let cwd: string;
beforeEach(() => {
  asked = [];
  toldDigest = undefined;
  cwd = mkdtempSync(join(tmpdir(), 'luaauth-graphql-pin-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const pin = (...args: string[]) => pinImages(args, cwd);

describe('the images of others', () => {
  it('are those that a Dockerfile begins stages with, and no stage', () => {
    const text = `FROM --platform=linux/amd64 node:22.1.0-alpine AS build\nRUN true # FROM here\nfrom build as more\nFROM scratch\nFROM a/b@${OLD}\n`;
    expect(imagesIn(text)).toEqual([
      { line: 1, name: 'node:22.1.0-alpine', digest: undefined },
      { line: 5, name: 'a/b', digest: OLD },
    ]);
  });

  it('are those that YAML names, and not our own', () => {
    const text =
      'services:\n  a:\n    image: luaauth-graphql\n  b:\n    image: "caddy:2.10-alpine" # TLS\n  - image: luaauth-graphql:0.1.0\n';
    expect(imagesIn(text)).toEqual([{ line: 5, name: 'caddy:2.10-alpine', digest: undefined }]);
  });

  it('are all found in the files of this repository', () => {
    const names = (path: string) => imagesIn(textOf(path)).map(({ name }) => name.replace(/:.*/, ''));
    expect(['Dockerfile', 'compose.yaml', 'compose.several.yaml'].map(names)).toEqual([
      ['node', 'node'],
      ['prom/prometheus', 'grafana/grafana'],
      ['valkey/valkey', 'nginx'],
    ]);
  });

  it('have a digest in every file that a release looks at', async () => {
    const checked = await pinImages(['--check'], pathOf(''));
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('get their digest in their place, and a new one in that of an old one', () => {
    const text = `FROM node:22 AS build\n    image: "caddy:2@${OLD}" # TLS\n    image: other:1\n`;
    const digest = digestFor('a', 'b');
    const pinned = `FROM node:22@${digest} AS build\n    image: "caddy:2@${digest}" # TLS\n    image: other:1\n`;
    const digests = new Map(['node:22', 'caddy:2'].map((name) => [name, digest]));
    expect(withDigests(text, digests)).toBe(pinned);
    expect(withDigests(pinned, digests)).toBe(pinned);
    expect(imagesIn(pinned).map(isPinned)).toEqual([true, true, false]);
  });
});

describe('a digest', () => {
  it.each([
    ['node:22.1.0-alpine', 'library/node', '22.1.0-alpine'],
    ['node', 'library/node', 'latest'],
    ['valkey/valkey:8.1-alpine', 'valkey/valkey', '8.1-alpine'],
  ])('of %s is that of %s with the tag %s at the default registry', async (name, repository, tag) => {
    expect(await digestOf(name, `http://${host}`)).toBe(digestFor(repository, tag));
    expect(asked).toEqual([
      `/v2/${repository}/manifests/${tag}`,
      '/token',
      `/v2/${repository}/manifests/${tag}`,
    ]);
  });

  it('of a name with a host is that of its registry', async () => {
    expect(await digestOf(`${host}/team/app:1`, 'http://127.0.0.1:9')).toBe(digestFor('team/app', '1'));
  });

  it('is refused where the manifest has another one, or has no end', async () => {
    await expect(digestOf(`${host}/a:endless`)).rejects.toThrow('answered more than 4194304 bytes');
    toldDigest = OLD;
    await expect(digestOf(`${host}/a:1`)).rejects.toThrow(
      `says that its digest is ${OLD}, but that is sha256:`,
    );
  });
});

describe('the script', () => {
  const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);
  const read = (name: string) => readFileSync(join(cwd, name), 'utf8');

  it('writes digests into the files, which its check then finds pinned', async () => {
    write('Dockerfile', `FROM ${host}/library/node:22 AS build\nFROM ${host}/library/node:22-alpine\n`);
    write('compose.yaml', `services:\n  cache:\n    image: ${host}/valkey/valkey:8@${OLD}\n`);
    const files = ['Dockerfile', 'compose.yaml'];
    expect(await pin('--check', ...files)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Dockerfile:1: ${host}/library/node:22 has no digest, so its registry could change it.\nDockerfile:2: ${host}/library/node:22-alpine has no digest, so its registry could change it.\nRun "node scripts/pin-images.ts", and commit what it writes.\n`,
    });
    expect(await pin(...files)).toMatchObject({ code: 0, stderr: '' });
    expect(read('Dockerfile')).toBe(
      `FROM ${host}/library/node:22@${digestFor('library/node', '22')} AS build\nFROM ${host}/library/node:22-alpine@${digestFor('library/node', '22-alpine')}\n`,
    );
    expect(read('compose.yaml')).toContain(`valkey/valkey:8@${digestFor('valkey/valkey', '8')}\n`);
    expect(await pin('--check', ...files)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('changes nothing unless every registry has answered', async () => {
    const text = `FROM ${host}/a:1\nFROM ${host}/b:missing\nFROM 127.0.0.1:9/c:1\n`;
    write('Dockerfile', text);
    const { code, stderr } = await pin('Dockerfile');
    expect([code, stderr]).toEqual([
      1,
      `${host}/b:missing: http://${host}/v2/b/manifests/missing answered 404.\n127.0.0.1:9/c:1: 127.0.0.1:9 cannot be reached.\nNo file was changed.\n`,
    ]);
    expect(read('Dockerfile')).toBe(text);
  });
});
