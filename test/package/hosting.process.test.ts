import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { VARIABLE_NAMES, VARIABLES } from '../../src/config/env-variables.ts';
import { run } from '../support/processes/packed.ts';
import { startProcess } from '../support/processes/process.ts';
import { needing } from '../support/processes/tools.ts';
import { pathOf, textOf } from '../support/repository/repository.ts';
import { eventually } from '../support/vitest/waiting.ts';

vi.setConfig({ testTimeout: 120_000 });

const drainSeconds = Number(VARIABLES.SHUTDOWN_GRACE_MS.byDefault) / 1_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-hosting-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Egg {
  readonly meta: { readonly version: string };
  readonly author: string;
  readonly docker_images: Readonly<Record<string, string>>;
  readonly startup: string;
  readonly config: Readonly<Record<'files' | 'startup' | 'logs' | 'stop', string>>;
  readonly scripts: {
    readonly installation: Readonly<Record<'script' | 'container' | 'entrypoint', string>>;
  };
  readonly variables: readonly {
    readonly name: string;
    readonly env_variable: string;
    readonly default_value: string;
    readonly rules: string;
    readonly field_type: string;
  }[];
}

/** Variables that a panel sets in each container. */
const PANEL = {
  SERVER_IP: '0.0.0.0',
  SERVER_MEMORY: '512',
  P_SERVER_LOCATION: 'here',
  STARTUP: 'node',
  TZ: 'UTC',
};

describe('the egg for Pterodactyl and Pelican', () => {
  const egg = JSON.parse(textOf('examples/pterodactyl/egg.json')) as Egg;
  const defaults = Object.fromEntries(egg.variables.map((one) => [one.env_variable, one.default_value]));

  /** The rules are those of both panels' importers and models: `EggImporterService`, `Egg`, `EggVariable`. */
  it('has the form that both panels import', () => {
    expect(egg.meta.version).toBe('PTDL_v2');
    expect(egg.author).toMatch(/^[^@\s]+@[^@\s]+$/);
    expect(Object.values(egg.docker_images).length).toBeGreaterThan(0);
    for (const image of Object.values(egg.docker_images)) expect(image).toMatch(/^[\w./-]+:[\w.-]+$/);
    for (const part of ['files', 'startup', 'logs'] as const)
      expect(JSON.parse(egg.config[part])).toEqual(expect.any(Object));
    expect(egg.config.stop).toBe('^C');
    const reserved = /^(?:P_SERVER_|SERVER_|(?:ENV|HOME|USER|STARTUP|UUID|HOSTNAME|TERM|LANG|PWD|TZ)$)/;
    for (const { env_variable, rules, field_type } of egg.variables) {
      expect(env_variable).toMatch(/^\w{1,191}$/);
      expect(env_variable).not.toMatch(reserved);
      expect(rules).toMatch(/^(?:required|nullable)\|/);
      expect(field_type).toBe('text');
    }
  });

  it('asks for variables that the gateway knows, and has no key in it', () => {
    const names = egg.variables.map((one) => one.env_variable);
    expect(names.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual(['PACKAGE_VERSION']);
    expect([defaults.LUAAUTH_TOKEN, defaults.GATEWAY_KEYS]).toEqual(['', '']);
  });

  it('installs the version that was chosen, and runs none of its scripts', needing('bash'), async () => {
    const { script, entrypoint } = egg.scripts.installation;
    const server = join(directory, 'server');
    mkdirSync(server);
    writeFileSync(join(directory, 'npm'), '#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n');
    chmodSync(join(directory, 'npm'), 0o755);
    const file = join(directory, 'install.sh');
    writeFileSync(file, script.replace('/mnt/server', server));
    const env = { PATH: `${directory}:${process.env.PATH}`, PACKAGE_VERSION: '1.2.3' };
    const { code, stdout } = await run(entrypoint, [file], { env });
    const [cwd, command, ...args] = stdout.trim().split('\n');
    expect([code, cwd, command, args.at(-1)]).toEqual([0, server, 'install', 'luaauth-graphql@1.2.3']);
    expect(args).toContain('--ignore-scripts');
    // The version becomes a part of that command.
    const [, allowed = ''] = /regex:\/(.*)\/$/.exec(egg.variables[0]?.rules ?? '') ?? [];
    expect(
      ['latest', '1.2.3-rc.1', '1; id', '$(id)'].map((value) => new RegExp(allowed).test(value)),
    ).toEqual([true, true, false, false]);
  });

  it(
    'starts on the port of the panel, says that it has started as the panel expects, and stops on its signal',
    needing('script of util-linux'),
    async () => {
      symlinkSync(pathOf('.'), join(directory, 'luaauth-graphql'));
      mkdirSync(join(directory, 'server'));
      symlinkSync(directory, join(directory, 'server/node_modules'));
      // The panel gives the container a terminal, and each {{VARIABLE}} its value.
      const command = egg.startup.replaceAll(/\{\{(\w+)\}\}/g, '$${$1}').replace('node ', 'exec node ');
      const child = spawn(
        'script',
        ['--quiet', '--return', '--command', `echo $$; ${command}`, '/dev/null'],
        {
          cwd: join(directory, 'server'),
          env: {
            PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
            SHELL: '/bin/sh',
            ...defaults,
            SERVER_PORT: '0',
            ...PANEL,
          },
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
      const ended = once(child, 'close');
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
      });
      try {
        const { done } = JSON.parse(egg.config.startup) as { done: readonly string[] };
        await eventually(() => expect(done.some((text) => shown.includes(text))).toBe(true));
        const [, port = ''] = /http:\/\/0\.0\.0\.0:(\d+)\//.exec(shown) ?? [];
        expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
        // "^C" is SIGINT.
        process.kill(Number.parseInt(shown, 10), 'SIGINT');
        expect(await ended).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  it('says in its log without a terminal, too, what the panel expects', async () => {
    const gateway = startProcess({ ...defaults, ...PANEL, PORT: '0' });
    try {
      await gateway.listening();
      const { done } = JSON.parse(egg.config.startup) as { done: readonly string[] };
      expect(done.some((text) => gateway.output.stdout.includes(text))).toBe(true);
    } finally {
      await gateway.kill();
    }
  });
});

interface Blueprint {
  readonly services: readonly {
    readonly type: string;
    readonly image: { readonly url: string };
    readonly healthCheckPath: string;
    readonly maxShutdownDelaySeconds: number;
    readonly envVars: readonly { readonly key: string; readonly value?: string }[];
  }[];
}

it('the blueprint for Render starts the image of a release, has no secret in it, and waits for a drain', () => {
  const { services } = parse(textOf('examples/deploy/render.yaml')) as Blueprint;
  expect(services).toHaveLength(1);
  const { version } = JSON.parse(textOf('package.json')) as { version: string };
  for (const { type, image, healthCheckPath, maxShutdownDelaySeconds, envVars } of services) {
    expect([type, healthCheckPath]).toEqual(['web', '/health']);
    expect(image.url).toBe(`ghcr.io/luaauth-graphql/luaauth-graphql:${version}`);
    expect(maxShutdownDelaySeconds).toBeGreaterThan(drainSeconds);
    expect(envVars.map(({ key }) => key).filter((key) => !VARIABLE_NAMES.includes(key))).toEqual([]);
    // Render sets PORT.
    expect(envVars.filter(({ value }) => value !== undefined).map(({ key }) => key)).toEqual([
      'LUAAUTH_API_URL',
    ]);
  }
});

it('the configuration for Railway builds the Dockerfile, looks at the health, and waits for a drain', () => {
  const { build, deploy } = JSON.parse(textOf('examples/deploy/railway.json')) as {
    build: { builder: string; dockerfilePath: string };
    deploy: { healthcheckPath: string; drainingSeconds: number };
  };
  expect(build.builder).toBe('DOCKERFILE');
  expect(existsSync(pathOf(build.dockerfilePath))).toBe(true);
  expect(deploy.healthcheckPath).toBe('/health');
  expect(deploy.drainingSeconds).toBeGreaterThan(drainSeconds);
});

it('the manifests for Kubernetes hold no key: as they are, the gateway refuses them', async () => {
  const { stringData } = parse(textOf('examples/kubernetes/secret.yaml')) as {
    stringData: Readonly<Record<string, string>>;
  };
  const files = (cwd: string) => {
    for (const name of ['token', 'gateway-keys']) writeFileSync(join(cwd, name), stringData[name] ?? '');
  };
  const gateway = startProcess(
    {
      LUAAUTH_API_URL: 'https://api.luaauth.com',
      LUAAUTH_TOKEN_FILE: 'token',
      GATEWAY_KEYS_FILE: 'gateway-keys',
    },
    files,
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
