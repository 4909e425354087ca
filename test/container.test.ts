import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES } from '../src/config/env-variables.ts';
import { startProcess } from './support/process.ts';

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const dockerfile = textOf('Dockerfile').replaceAll('\\\n', ' ');
const compose = textOf('compose.yaml');
const manifest = JSON.parse(textOf('package.json')) as {
  peerDependencies: Record<string, string>;
};

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
    expect(copied.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
  });

  it('adds the packages for traces and for Redis in the versions that the gateway asks for', () => {
    const added = dockerfile.match(/@(?:opentelemetry|redis)\/\S+/g) ?? [];
    // An image logs to no terminal, so it does without what makes that pretty.
    const wanted = Object.entries(manifest.peerDependencies)
      .filter(([name]) => name !== 'pino-pretty')
      .map(([name, range]) => `${name}@${range}`);
    expect(added.toSorted()).toEqual(wanted.toSorted());
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
  }, 60_000);
});

describe('the compose file', () => {
  it.each(['gateway', 'gateways'])('sets variables that the gateway knows (%s)', (name) => {
    const [, service = ''] = new RegExp(`^ {2}${name}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(compose) ?? [];
    const [, block = ''] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(service) ?? [];
    const names = [...block.matchAll(/^ {6}(\w+):/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(['HOST', 'METRICS_PORT']));
    expect(names.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
  });

  it('mounts files that exist, and has the metrics read where they are', () => {
    const mounted = [...compose.matchAll(/^ +- (\.\/[^:]+):/gm)].map(([, path = '']) => path);
    expect(mounted).toEqual(['./examples/grafana/dashboard.json']);
    expect(mounted.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
    const [, port] = /METRICS_PORT: (\d+)/.exec(compose) ?? [];
    expect(compose).toContain(`targets: ['gateway:${port}']`);
  });

  it('gives every address to this machine alone', () => {
    const published = [...compose.matchAll(/^ {6}- (\S+:\d+:\d+)$/gm)].map(([, port = '']) => port);
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('the manifests for Kubernetes', () => {
  const folder = 'examples/kubernetes';
  const gateway = textOf(`${folder}/gateway.yaml`);

  it('set variables that the gateway knows', () => {
    const names = [...gateway.matchAll(/^ {12}- \{ name: ([A-Z_]+),/gm)].map(([, name = '']) => name);
    expect(names).toEqual(
      expect.arrayContaining(['REDIS_URL_FILE', 'LUAAUTH_TOKEN_FILE', 'SHUTDOWN_DELAY_MS']),
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
    expect([...gateway.matchAll(/path: (\/\w+)/g)].map(([, path]) => path)).toEqual([
      '/health',
      '/readiness',
    ]);
    const [, seconds = ''] = /terminationGracePeriodSeconds: (\d+)/.exec(gateway) ?? [];
    const [, delayMs = ''] = /SHUTDOWN_DELAY_MS, value: "(\d+)"/.exec(gateway) ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(Number(delayMs) + 30_000);
  });

  it('have as many instances as replicas', () => {
    const [, replicas] = /replicas: (\d+)/.exec(gateway) ?? [];
    expect(gateway).toContain(`{ name: LUAAUTH_INSTANCES, value: "${replicas}" }`);
  });
});
