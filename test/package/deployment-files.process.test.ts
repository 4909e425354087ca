import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { VARIABLE_NAMES, VARIABLES } from '../../src/config/env-variables.ts';
import { startProcess } from '../support/processes/process.ts';
import { startOnTerminal } from '../support/processes/terminal.ts';
import { needing } from '../support/processes/tools.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';
import { eventually } from '../support/vitest/waiting.ts';

const KUBERNETES = 'examples/kubernetes';
const dockerfile = textOf('Dockerfile').replaceAll('\\\n', ' ');
const compose = textOf('compose.yaml');
const several = textOf('compose.several.yaml');
const kubernetes = textOf(`${KUBERNETES}/gateway.yaml`);
const egg = JSON.parse(textOf('examples/pterodactyl/egg.json')) as {
  readonly startup: string;
  readonly config: { readonly startup: string };
  readonly variables: readonly Readonly<Record<'env_variable' | 'default_value' | 'rules', string>>[];
};
const render = parse(textOf('examples/deploy/render.yaml')) as {
  readonly services: readonly {
    readonly maxShutdownDelaySeconds: number;
    readonly envVars: readonly { readonly key: string; readonly value?: string }[];
  }[];
};

/** The first group of each match. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);
const imageVariables = Object.fromEntries(
  all(dockerfile, /^ENV (.*)$/gm)
    .join(' ')
    .split(' ')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);
const composed = (file: string) => {
  const { services } = parse(file, { logLevel: 'error' }) as {
    services: { gateway: { environment: object } };
  };
  return Object.keys(services.gateway.environment);
};
const eggDefaults = Object.fromEntries(egg.variables.map((one) => [one.env_variable, one.default_value]));

it.each<[file: string, names: readonly string[], some: string]>([
  ['Dockerfile', Object.keys(imageVariables), 'HOST'],
  ['compose.yaml', composed(compose), 'METRICS_PORT'],
  ['compose.several.yaml', composed(several), 'REDIS_URL'],
  [`${KUBERNETES}/gateway.yaml`, all(kubernetes, /^ {12}- \{ name: ([A-Z_]+),/gm), 'LUAAUTH_TOKEN_FILE'],
  ['egg.json', Object.keys(eggDefaults).filter((name) => name !== 'PACKAGE_VERSION'), 'LUAAUTH_TOKEN'],
  ['render.yaml', render.services.flatMap(({ envVars }) => envVars.map(({ key }) => key)), 'LUAAUTH_API_URL'],
])('%s sets variables that the gateway knows', (_file, names, some) => {
  expect(names).toContain(some);
  expect(names.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
});

it.each([
  ['Kubernetes', /terminationGracePeriodSeconds: (\d+)/.exec(kubernetes)?.[1]],
  ['Render', render.services[0]?.maxShutdownDelaySeconds],
  ['Railway', JSON.parse(textOf('examples/deploy/railway.json')).deploy.drainingSeconds],
])('%s waits longer for the end of a gateway than it takes', (platform, seconds) => {
  // Kubernetes counts the time from before the hook that lets its load balancer notice.
  const hook = platform === 'Kubernetes' ? /command: \[sleep, "(\d+)"\]/.exec(kubernetes)?.[1] : 0;
  const drainSeconds = Number(VARIABLES.SHUTDOWN_GRACE_MS.byDefault) / 1_000;
  expect(Number(seconds)).toBeGreaterThan(drainSeconds + Number(hook));
});

describe('the image', () => {
  it('does not run as root, and stands on one exact version of Node', () => {
    expect(all(dockerfile, /^USER (.*)$/gm)).toEqual(['node']);
    const bases = all(dockerfile, /^FROM node:(\d+\.\d+\.\d+)-/gm);
    expect([bases.length, new Set(bases).size]).toEqual([all(dockerfile, /^(FROM) /gm).length, 1]);
  });

  it('adds the packages for traces, metrics, Redis and agents that the gateway asks for, as they were tested', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { version?: string }>;
    };
    const { peerDependencies } = JSON.parse(textOf('package.json')) as { peerDependencies: object };
    const added =
      dockerfile.match(/(?:@(?:opentelemetry|redis|modelcontextprotocol)\/|prom-client@)\S+/g) ?? [];
    const wanted = Object.keys(peerDependencies).map(
      (name) => `${name}@${packages[`node_modules/${name}`]?.version}`,
    );
    expect(added.toSorted()).toEqual(wanted.toSorted());
  });

  it('starts Node with the flags with which its code was compiled', () => {
    const [start = '[]'] = all(dockerfile, /^ENTRYPOINT (.*)$/gm);
    const compiled = all(dockerfile, /su -s \/bin\/sh -c '(.*) query -' node/g);
    expect(compiled).toEqual([JSON.parse(start).join(' ')]);
    expect(compiled[0]).toContain('--max-semi-space-size=');
  });

  it('has a health check that is answered', async () => {
    const [path = ''] = all(dockerfile, /http:\/\/127\.0\.0\.1:\$PORT(\/\w+)/g);
    const gateway = startProcess({ ...imageVariables, PORT: '0', LUAAUTH_SANDBOX: 'true' });
    try {
      const { port } = new URL(await gateway.listening());
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
    } finally {
      await gateway.kill();
    }
  });
});

it.each([
  'compose.yaml',
  'examples/deploy/compose.yaml',
  'examples/deploy/luaauth-graphql.service',
  'examples/deploy/render.yaml',
  `${KUBERNETES}/gateway.yaml`,
])('%s names the header in which the proxy before it names its clients', (name) => {
  expect(textOf(name)).toMatch(/TRUSTED_PROXY\W[^#]{1,30}\bx-forwarded-for\b|TRUSTED_PROXY=x-forwarded-for/);
});

it('the compose files give every address to this machine alone', () => {
  const published = all(`${compose}${several}`, /^ {6}- (\S+:\d+:\d+)$/gm);
  expect(published.length).toBeGreaterThan(0);
  expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

describe('the manifests for Kubernetes', () => {
  it('mount what is in the secret, and nothing that is not', () => {
    const [secret] = parseAllDocuments(textOf(`${KUBERNETES}/secret.yaml`)).map((one) => one.toJS());
    expect(Object.keys(secret.stringData).sort()).toEqual(
      all(kubernetes, /value: \/etc\/luaauth\/([\w-]+)/g).sort(),
    );
  });

  it('may have one instance more than replicas, for rolling updates', () => {
    const [, replicas] = /replicas: (\d+)/.exec(kubernetes) ?? [];
    expect(kubernetes).toContain(`{ name: LUAAUTH_INSTANCES, value: "${Number(replicas) + 1}" }`);
  });

  it('hold no key: as they are, the gateway refuses them', async () => {
    const { stringData } = parse(textOf(`${KUBERNETES}/secret.yaml`)) as {
      stringData: Readonly<Record<string, string>>;
    };
    const gateway = startProcess(
      {
        LUAAUTH_API_URL: 'https://api.luaauth.com',
        LUAAUTH_TOKEN_FILE: 'token',
        GATEWAY_KEYS_FILE: 'gateway-keys',
      },
      (cwd) => {
        for (const name of ['token', 'gateway-keys']) writeFileSync(join(cwd, name), stringData[name] ?? '');
      },
    );
    try {
      expect([stringData.token, stringData['gateway-keys']]).toEqual(['', '']);
      expect(await gateway.ended).toBe(1);
      expect(gateway.output.stderr).toContain('"token": it is empty. Put the secret in it.');
      expect(gateway.output.stderr).toContain('"gateway-keys": it holds no key.');
    } finally {
      await gateway.kill();
    }
  });
});

it('the blueprint for Render has no secret in it', () => {
  const set = render.services.flatMap(({ envVars }) => envVars.filter(({ value }) => value !== undefined));
  expect(set.map(({ key }) => key)).toEqual(['TRUSTED_PROXY', 'LUAAUTH_API_URL']);
});

describe('the egg for Pterodactyl and Pelican', () => {
  const { done } = JSON.parse(egg.config.startup) as { done: readonly string[] };

  it('has no key in it, and installs no version that is more than a version', () => {
    expect([eggDefaults.LUAAUTH_TOKEN, eggDefaults.GATEWAY_KEYS]).toEqual(['', '']);
    const { rules } = egg.variables.find((one) => one.env_variable === 'PACKAGE_VERSION') ?? {};
    const allowed = new RegExp(/regex:\/(.*)\/$/.exec(rules ?? '')?.[1] ?? '');
    expect(['latest', '1.2.3-rc.1', '1; id', '$(id)'].map((value) => allowed.test(value))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('starts on the port of the panel', needing('script of util-linux'), async () => {
    const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-egg-'));
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(pathOf('.'), join(directory, 'node_modules/luaauth-graphql'));
    const [node, main = '', ...args] = egg.startup.replace('{{SERVER_PORT}}', '0').split(' ');
    const terminal = startOnTerminal(eggDefaults, join(directory, main), args);
    try {
      const text = () => terminal.lines().join('\n');
      await eventually(() => expect(done.some((shown) => text().includes(shown))).toBe(true));
      const [, port = ''] = /http:\/\/0\.0\.0\.0:(\d+)\//.exec(text()) ?? [];
      expect([node, (await fetch(`http://127.0.0.1:${port}/health`)).status]).toEqual(['node', 200]);
    } finally {
      await terminal.kill();
      rmSync(directory, { recursive: true });
    }
  });

  it('knows the words of the log without a terminal, too', async () => {
    const gateway = startProcess({ ...eggDefaults, PORT: '0' });
    try {
      await gateway.listening();
      expect(done.some((shown) => gateway.output.stdout.includes(shown))).toBe(true);
    } finally {
      await gateway.kill();
    }
  });
});
