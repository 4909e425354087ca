import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { VARIABLE_NAMES, VARIABLES } from '../../src/config/env-variables.ts';
import { startProcess } from '../support/processes/process.ts';
import { textOf } from '../support/repository/repository.ts';

const dockerfile = textOf('Dockerfile').replaceAll('\\\n', ' ');
const compose = textOf('compose.yaml');
const several = textOf('compose.several.yaml');
const manifest = JSON.parse(textOf('package.json')) as {
  name: string;
  description: string;
  license: string;
  homepage: string;
  repository: { url: string };
  files: string[];
  peerDependencies: Record<string, string>;
};
const locked = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { version?: string }> };

const instructions = (name: string) =>
  [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

describe('the image', () => {
  it('is made of files that exist and are let into the build', () => {
    const copied = instructions('COPY')
      .filter((one) => !one.startsWith('--from'))
      .flatMap((one) => one.split(' ').slice(0, -1));
    expect(copied).toEqual(expect.arrayContaining(['package-lock.json', 'src']));
    const letIn = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(new Set(copied)).toEqual(new Set(letIn));
    expect(copied.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
  });

  it('has each schema that the package has, for the command "schema"', () => {
    const packed = manifest.files.filter((path) => path.startsWith('schema/'));
    expect(instructions('COPY')).toContain(`${packed.join(' ')} schema/`);
  });

  it('adds the packages for traces, Redis and agents that the gateway asks for, as they were tested', () => {
    const added = dockerfile.match(/@(?:opentelemetry|redis|modelcontextprotocol)\/\S+/g) ?? [];
    const wanted = Object.keys(manifest.peerDependencies).map(
      (name) => `${name}@${locked.packages[`node_modules/${name}`]?.version}`,
    );
    expect(added.toSorted()).toEqual(wanted.toSorted());
  });

  it('installs them where npm can, and where Node looks for them', () => {
    const folders = [...dockerfile.matchAll(/npm install --prefix (\S+)/g)].map(([, folder = '']) => folder);
    // npm fails in the root of a file system: 'Tracker "idealTree" already exists'.
    expect(new Set(folders)).toEqual(new Set(['/app']));
    expect(instructions('WORKDIR').at(-1)).toBe('/app/gateway');
  });

  it('stands on one exact version of Node', () => {
    const bases = instructions('FROM').map(
      (base) => /^node:(\d+\.\d+\.\d+)-[\w.-]+(?:@sha256:[0-9a-f]{64})?(?: AS \w+)?$/.exec(base)?.[1],
    );
    expect(bases).toHaveLength(2);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toBeDefined();
  });

  it('says in its labels what it is, as the package does', () => {
    const labels = Object.fromEntries(
      [...dockerfile.matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value] as const,
      ),
    );
    const { name: title, description, license: licenses, homepage: documentation, repository } = manifest;
    const source = repository.url.replace(/^git\+|\.git$/g, '');
    expect(labels).toEqual({ title, description, licenses, documentation, source });
  });

  it('does not run as root', () => {
    const [user] = instructions('USER');
    expect(user).toBe('node');
    expect(dockerfile.indexOf('USER node')).toBeLessThan(dockerfile.indexOf('ENTRYPOINT'));
  });

  it('sets variables that the gateway knows, with which its health check is answered', async () => {
    const [fixture = ''] = instructions('ENV');
    const variables = Object.fromEntries(
      fixture.split(' ').map((pair) => pair.split('=') as [string, string]),
    );
    expect(Object.keys(variables).filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
    const [check = ''] = instructions('HEALTHCHECK');
    const [, path = ''] = /http:\/\/127\.0\.0\.1:\$PORT(\/\w+)/.exec(check) ?? [];
    const gateway = startProcess({ ...variables, PORT: '0', LUAAUTH_SANDBOX: 'true' });
    try {
      const { port } = new URL(await gateway.listening());
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
    } finally {
      await gateway.kill();
    }
  });
});

describe('the compose file', () => {
  it.each([
    ['one', compose, ['HOST', 'METRICS_PORT']],
    ['several', several, ['REDIS_URL', 'LUAAUTH_INSTANCES']],
  ])('sets variables that the gateway knows (%s)', (_count, text, some) => {
    const [, service = ''] = /^ {2}gateway:\n((?: {4}.*\n|\n)+)/m.exec(text) ?? [];
    const [, block = ''] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(service) ?? [];
    const names = [...block.matchAll(/^ {6}(\w+):/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(some));
    expect(names.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
  });

  it('mounts files that exist, and has the metrics read where they are', () => {
    const mounted = [...compose.matchAll(/^ +- (\.\/[^:]+):/gm)].map(([, path = '']) => path);
    expect(mounted).toEqual(['./examples/prometheus/alerts.yaml', './examples/grafana/dashboard.json']);
    expect(mounted.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
    const [, port] = /METRICS_PORT: (\d+)/.exec(compose) ?? [];
    // Each of several gateways has the name, and an address of its own.
    expect(compose).toMatch(new RegExp(`names: \\[gateway\\]\\n +type: A\\n +port: ${port}\\n`));
  });

  it('leaves the port of the one gateway to the nginx before several', () => {
    const [, one] = /^ {2}gateway:\n(?: {4}.*\n)*? {4}ports:\n {6}- (\S+)$/m.exec(compose) ?? [];
    const [, before] = /^ {2}nginx:\n(?: {4}.*\n)*? {4}ports:\n {6}- (\S+)$/m.exec(several) ?? [];
    expect([one, before]).toEqual(['127.0.0.1:4000:4000', '127.0.0.1:4000:4000']);
    expect(several).toMatch(/^ {2}gateway:\n {4}ports: !reset \[\]$/m);
  });

  it('gives every address to this machine alone', () => {
    const published = [...`${compose}${several}`.matchAll(/^ {6}- (\S+:\d+:\d+)$/gm)].map(
      ([, port = '']) => port,
    );
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly containers: readonly { readonly ports?: readonly { readonly name: string }[] }[];
      };
    };
  };
}

/** The labels that a part of a manifest looks for: those of pods, not of namespaces. */
function selectorsIn(part: unknown): unknown[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) => {
    if (name === 'namespaceSelector') return [];
    const isPlain = name === 'selector' && !('matchLabels' in value);
    return isPlain || name === 'matchLabels' ? [value] : selectorsIn(value);
  });
}

describe('the manifests for Kubernetes', () => {
  const folder = 'examples/kubernetes';
  const gateway = textOf(`${folder}/gateway.yaml`);

  it('set variables that the gateway knows', () => {
    const names = [...gateway.matchAll(/^ {12}- \{ name: ([A-Z_]+),/gm)].map(([, name = '']) => name);
    expect(names).toEqual(
      expect.arrayContaining(['REDIS_URL_FILE', 'LUAAUTH_TOKEN_FILE', 'LUAAUTH_INSTANCES']),
    );
    expect(names.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
  });

  it('mount what is in the secret, and nothing that is not', () => {
    const mounted = [...gateway.matchAll(/value: \/etc\/luaauth\/([\w-]+)/g)].map(([, name = '']) => name);
    const held = [...textOf(`${folder}/secret.yaml`).matchAll(/^ {2}([\w-]+): \S/gm)].map(
      ([, name = '']) => name,
    );
    expect(held.filter((name) => name !== 'name').sort()).toEqual(mounted.sort());
  });

  it('probe paths that the gateway answers, and wait longer than it takes to end', () => {
    expect(
      [...gateway.matchAll(/(\w+)Probe:\n +httpGet: \{ path: (\/\w+)/g)].map(([, ...probe]) => probe),
    ).toEqual([
      ['startup', '/health'],
      ['liveness', '/health'],
      ['readiness', '/readiness'],
    ]);
    const [, seconds = ''] = /terminationGracePeriodSeconds: (\d+)/.exec(gateway) ?? [];
    const [, delay = ''] = /preStop: \{ exec: \{ command: \[sleep, "(\d+)"\] \} \}/.exec(gateway) ?? [];
    expect(Number(seconds)).toBeGreaterThan(
      Number(delay) + Number(VARIABLES.SHUTDOWN_GRACE_MS.byDefault) / 1_000,
    );
  });

  it('select what there is: labels of pods, and ports by their names', () => {
    const manifests = readdirSync(new URL(`../../${folder}`, import.meta.url))
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => parseAllDocuments(textOf(`${folder}/${file}`)).map((one) => one.toJS() as Manifest));
    const pods = manifests.flatMap(({ kind, spec }) => (kind === 'Deployment' ? [spec.template] : []));
    const podLabels = pods.map(({ metadata }) => JSON.stringify(metadata.labels));
    const selectors = manifests.flatMap((manifest) => selectorsIn(manifest));
    expect(selectors.length).toBeGreaterThan(9);
    expect(selectors.filter((selector) => !podLabels.includes(JSON.stringify(selector)))).toEqual([]);
    const ports = pods.flatMap(({ spec }) => spec.containers.flatMap(({ ports = [] }) => ports));
    const named = [...JSON.stringify(manifests).matchAll(/"(?:port|targetPort)":"(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(new Set(named)).toEqual(new Set(ports.map(({ name }) => name)));
  });

  it('are applied together, and each file that is not is named', () => {
    const kustomization = textOf(`${folder}/kustomization.yaml`);
    const named = [...kustomization.matchAll(/^ {2}(?:# )?- ([\w-]+\.yaml)$/gm)].map(([, file = '']) => file);
    const files = readdirSync(new URL(`../../${folder}`, import.meta.url)).filter((file) =>
      /\.yaml$/.test(file),
    );
    expect(named.toSorted()).toEqual(files.filter((file) => file !== 'kustomization.yaml').toSorted());
  });

  it('may have one instance more than replicas, for rolling updates', () => {
    const [, replicas] = /replicas: (\d+)/.exec(gateway) ?? [];
    expect(gateway).toContain(`{ name: LUAAUTH_INSTANCES, value: "${Number(replicas) + 1}" }`);
  });
});
