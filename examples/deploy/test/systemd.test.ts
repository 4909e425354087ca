import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { VARIABLE_NAMES, VARIABLES } from '../../../src/config/env-variables.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { startProcess } from '../../../test/support/processes/process.ts';
import { replaceParts, runTool, textOf } from './support/tool.ts';

const unit = textOf('luaauth-graphql.service');

/** The values of a setting, which may stand more than once. */
const settings = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

describe('the systemd unit', () => {
  let directory: string;
  let sandbox: Sandbox;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'luaauth-unit-'));
    sandbox = await startSandbox({ rate: 0 });
  });
  after(async () => {
    await sandbox.close();
    rmSync(directory, { recursive: true });
  });

  /** The unit on this machine, where Node may be elsewhere. */
  function writeUnit(folder: string, parts: Record<string, string> = {}): string {
    mkdirSync(join(directory, folder));
    const path = join(directory, folder, 'luaauth-graphql.service');
    writeFileSync(path, replaceParts(unit, { '/usr/bin/node': process.execPath, ...parts }));
    return path;
  }

  test('systemd-analyze has nothing to say against it, and would', async () => {
    assert.deepEqual(await runTool('systemd-analyze', ['verify', writeUnit('right')]), {
      code: 0,
      output: '',
    });
    const wrong = await runTool('systemd-analyze', [
      'verify',
      writeUnit('wrong', { 'MemoryMax=': 'MemoryMost=' }),
    ]);
    assert.match(wrong.output, /Unknown key.*MemoryMost/);
  });

  test('is exposed to an extent of at most 1.5 of 10', async () => {
    const { code, output } = await runTool('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=15',
      writeUnit('exposed'),
    ]);
    assert.equal(code, 0, output);
  });

  test('starts the gateway with its variables and credentials, and ends it by SIGTERM', async () => {
    const pairs = settings('Environment').flatMap((line) => line.split(' '));
    const variables = Object.fromEntries(
      pairs.map((pair) => pair.replace('%d', directory).split('=') as [string, string]),
    );
    assert.deepEqual(
      Object.keys(variables).filter((name) => !VARIABLE_NAMES.includes(name)),
      [],
    );
    const credentials = settings('LoadCredential').map((line) => line.split(':')[0] ?? '');
    assert.deepEqual(credentials, ['luaauth-token', 'gateway-keys']);
    writeFileSync(join(directory, 'luaauth-token'), `${sandboxKeys.full}\n`);
    writeFileSync(join(directory, 'gateway-keys'), 'team-Vd8sK2mQ41xZ\n');
    const gateway = startProcess({ ...variables, PORT: '0', LUAAUTH_API_URL: sandbox.url });
    try {
      const response = await fetch(`${await gateway.listening()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer team-Vd8sK2mQ41xZ' },
        body: JSON.stringify({ query: `{ script(id: "${seeded.scriptId}") { name } }` }),
      });
      assert.deepEqual(await response.json(), { data: { script: { name: 'Nightfall Hub' } } });
      gateway.signal('SIGTERM');
      assert.equal(await gateway.ended, 0);
    } finally {
      await gateway.kill();
    }
  });

  test('waits longer than the gateway takes to drain', () => {
    const longest = Number(VARIABLES.SHUTDOWN_GRACE_MS.byDefault);
    assert.ok(Number(settings('TimeoutStopSec')[0]) * 1_000 > longest);
  });
});
