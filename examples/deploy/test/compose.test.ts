import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VARIABLE_NAMES, VARIABLES } from '../../../src/config/env-variables.ts';
import { runTool, textOf } from './support/tool.ts';

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly published: string }[];
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string }[];
  readonly stop_grace_period: string;
  readonly build?: { readonly context: string; readonly args: Readonly<Record<string, string>> };
}

const FILE = fileURLToPath(new URL('../compose.yaml', import.meta.url));

/** As a plugin of Docker, or by itself. */
async function compose(variables: Record<string, string>) {
  const args = ['-f', FILE, 'config', '--format', 'json'];
  const isPlugin = await runTool('docker', ['compose', 'version']).then(
    ({ code }) => code === 0,
    () => false,
  );
  return isPlugin
    ? runTool('docker', ['compose', ...args], variables)
    : runTool('docker-compose', args, variables);
}

describe('the Compose file', () => {
  let gateway: Service;
  let caddy: Service;
  before(async () => {
    const { code, output } = await compose({ DOMAIN: 'graphql.example.com' });
    assert.equal(code, 0, output);
    ({ gateway, caddy } = JSON.parse(output).services);
  });

  test('asks for the domain', async () => {
    const { code, output } = await compose({});
    assert.notEqual(code, 0);
    assert.match(output, /DOMAIN.*the name that the certificate is for/);
  });

  test('sets variables that the gateway knows, and hands it the files that they name', () => {
    assert.deepEqual(
      Object.keys(gateway.environment).filter((name) => !VARIABLE_NAMES.includes(name)),
      [],
    );
    const handed = gateway.secrets?.map(({ source }) => `/run/secrets/${source}`) ?? [];
    const named = Object.entries(gateway.environment).filter(([name]) => name.endsWith('_FILE'));
    assert.deepEqual(named.map(([, path]) => path).toSorted(), handed.toSorted());
  });

  test('only Caddy reaches the gateway, and knows its address', () => {
    assert.equal(gateway.ports, undefined);
    assert.deepEqual([...new Set(caddy.ports?.map(({ published }) => published))], ['80', '443']);
    const { GATEWAY_ADDRESS = '' } = caddy.environment;
    // The image sets the port.
    const [, port] = /\bPORT=(\d+)/.exec(textOf('../../Dockerfile')) ?? [];
    assert.equal(GATEWAY_ADDRESS, `gateway:${port}`);
    for (const name of Object.keys(caddy.environment))
      assert.match(textOf('Caddyfile'), new RegExp(`\\{\\$${name}\\b`));
  });

  test('mounts files that exist, and gives the build arguments that it has', () => {
    const mounted = caddy.volumes?.filter(({ type }) => type === 'bind').map(({ source }) => source) ?? [];
    assert.equal(mounted.length, 1);
    for (const path of mounted) assert.ok(existsSync(path), path);
    for (const name of Object.keys(gateway.build?.args ?? {}))
      assert.match(textOf('../../Dockerfile'), new RegExp(`^ARG ${name}=`, 'm'));
  });

  test('waits longer than the gateway takes to drain', () => {
    const longest = Number(VARIABLES.SHUTDOWN_GRACE_MS.byDefault);
    for (const { stop_grace_period } of [gateway, caddy])
      assert.ok(Number.parseInt(stop_grace_period, 10) * 1_000 > longest, stop_grace_period);
  });
});
