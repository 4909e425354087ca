// Finds the images that files name, and asks their registries for digests. Needs no packages, as scripts/pin-images.ts.
import { createHash } from 'node:crypto';

/** An image that a file takes from a registry, as the file names it: `node:22.1.0-alpine`, perhaps with `@sha256:...`. */
export interface ImageReference {
  readonly line: number;
  /** Without its digest. */
  readonly name: string;
  readonly digest: string | undefined;
}

/** A line of a Dockerfile or of YAML, up to its image, the image, and its digest. */
const IN_DOCKERFILE = /^(FROM\s+(?:--platform=\S+\s+)?)([^\s@]+)(?:@(\S+))?/i;
const IN_YAML = /^(\s*(?:-\s+)?image:\s*["']?)([^\s"'@]+)(?:@([^\s"']+))?/;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Built here, so that no registry has a digest for it. */
const OUR_IMAGE = /^luaauth-graphql(?::|$)/;

/** The images of others in a Dockerfile, or in a file of Compose or Kubernetes, in their order. */
export function imagesIn(text: string): ImageReference[] {
  const stages = new Set(['scratch']);
  return text.split('\n').flatMap((content, index) => {
    const [, , name = '', digest] = matchIn(content) ?? [];
    const isOther = name !== '' && !OUR_IMAGE.test(name) && !stages.has(name);
    const [, stage] = /^FROM\s.*\sAS\s+(\S+)/i.exec(content) ?? [];
    if (stage !== undefined) stages.add(stage);
    return isOther ? [{ line: index + 1, name, digest }] : [];
  });
}

const matchIn = (content: string) => IN_DOCKERFILE.exec(content) ?? IN_YAML.exec(content);

export const isPinned = ({ digest }: ImageReference) => digest !== undefined && DIGEST.test(digest);

/** The text with a digest for each image that the map has, by its name without a digest. */
export function withDigests(text: string, digests: ReadonlyMap<string, string>): string {
  const lines = text.split('\n');
  for (const { line, name } of imagesIn(text)) {
    const content = lines[line - 1] ?? '';
    const [whole = '', before = ''] = matchIn(content) ?? [];
    const digest = digests.get(name);
    if (digest !== undefined) lines[line - 1] = `${before}${name}@${digest}${content.slice(whole.length)}`;
  }
  return lines.join('\n');
}

const TIMEOUT_MS = 30_000;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** An index has an image for each platform; the other types have one image. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Asks the registry of an image for the digest that its tag has now, without credentials. `hub` is the address of the registry
 * for names without one.
 * @throws Error that names the image, and says what the registry answered
 */
export async function digestOf(name: string, hub = 'https://registry-1.docker.io'): Promise<string> {
  const { registry, repository, tag } = partsOf(name, hub);
  const url = `${registry}/v2/${repository}/manifests/${tag}`;
  const headers = { accept: MANIFESTS };
  let response = await ask(name, url, headers);
  if (response.status === 401) {
    const authorization = `Bearer ${await tokenFor(name, response.headers.get('www-authenticate') ?? '')}`;
    response = await ask(name, url, { ...headers, authorization });
  }
  if (!response.ok) throw new Error(`${name}: ${url} answered ${response.status}.`);
  const bytes = await bytesOf(name, response);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const told = response.headers.get('docker-content-digest') ?? digest;
  if (told !== digest)
    throw new Error(`${name}: ${url} says that its digest is ${told.slice(0, 80)}, but that is ${digest}.`);
  return digest;
}

/** The registry, the repository in it, and the tag: `node:22` is `library/node` at Docker's own registry. */
function partsOf(name: string, hub: string) {
  const [, path = '', tag = 'latest'] = /^(.+?)(?::([\w.-]+))?$/.exec(name) ?? [];
  const [first = '', ...rest] = path.split('/');
  // A host has a dot or a port, or is localhost.
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) {
    const scheme = /^(?:localhost|127\.0\.0\.1)(?::|$)/.test(first) ? 'http' : 'https';
    return { registry: `${scheme}://${first}`, repository: rest.join('/'), tag };
  }
  return { registry: hub, repository: rest.length > 0 ? path : `library/${path}`, tag };
}

/** A token for anyone, from where the registry says. */
async function tokenFor(name: string, challenge: string): Promise<string> {
  const facts = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  if (!facts.realm) throw new Error(`${name}: its registry wants a login, which this script has not.`);
  const url = new URL(facts.realm);
  if (facts.service) url.searchParams.set('service', facts.service);
  if (facts.scope) url.searchParams.set('scope', facts.scope);
  const response = await ask(name, url.href, {});
  const { token, access_token } = JSON.parse(String(await bytesOf(name, response)));
  return String(token ?? access_token);
}

async function ask(name: string, url: string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw new Error(`${name}: ${new URL(url).host} cannot be reached.`, { cause });
  }
}

async function bytesOf(name: string, response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES)
      throw new Error(`${name}: its registry answered more than ${MAX_MANIFEST_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
