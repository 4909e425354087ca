import { mkdtempSync, rmSync, unwatchFile, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { watchSecrets } from '../../src/server/watched-files.ts';
import { wireScript } from '../support/api/plain-api.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { type GatewayProcess, startProcess, type Variables } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Started {
  readonly gateway: GatewayProcess;
  readonly url: string;
  /** Writes a file into the working directory. */
  readonly write: (name: string, text: string) => void;
  readonly isSaid: (text: string) => Promise<void>;
}

async function start(variables: Variables, files: Readonly<Record<string, string>>): Promise<Started> {
  let directory = '';
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  const gateway = startProcess({ PORT: '0', ...variables }, (created) => {
    directory = created;
    for (const [name, text] of Object.entries(files)) write(name, text);
  });
  closing.push(gateway.kill);
  const isSaid = (text: string) => eventually(() => expect(gateway.output.stdout).toContain(text));
  return { gateway, write, isSaid, url: await gateway.listening() };
}

async function nameOf(url: string, id: string, bearer = ''): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ query: `{ script(id: "${id}") { name } }` }),
  });
  return ((await response.json()) as { data: { script: { name: unknown } } }).data.script.name;
}

it('LuaAuth keys and metrics keys are read again, and calls in progress finish with the old key', async () => {
  const tokens: unknown[] = [];
  let release = () => {};
  const recorder = await startRecorder(({ line, headers }, response) => {
    tokens.push(headers.token);
    const answer = () => json(response, { success: true, script: wireScript(line.split('/').at(-1) ?? '') });
    if (line.endsWith('/slow')) release = answer;
    else answer();
  });
  closing.push(recorder.close);
  const gatewayKey = 'gateway-5f0e1d2c3b4a5968';
  const { gateway, url, write, isSaid } = await start(
    {
      LUAAUTH_API_URL: recorder.url,
      LUAAUTH_TOKEN_FILE: 'token',
      METRICS_KEY_FILE: 'metrics',
      GATEWAY_KEYS: gatewayKey,
      LUAAUTH_TIMEOUT_MS: '60000',
      OPERATION_TIMEOUT_MS: '60000',
    },
    { token: 'sentinel-key-1', metrics: 'sentinel-metrics-1' },
  );
  const slow = nameOf(url, 'slow', gatewayKey);
  await eventually(() => expect(tokens).toEqual(['sentinel-key-1']));
  write('token', 'sentinel-key-2\n');
  // No signal: the file is looked at once a second.
  await isSaid('LUAAUTH_TOKEN_FILE: read again, the secret has changed');
  expect(await nameOf(url, 'a', gatewayKey)).toBe('name of a');
  release();
  expect(await slow).toBe('name of slow');
  expect(tokens).toEqual(['sentinel-key-1', 'sentinel-key-2']);

  write('token', '');
  gateway.signal('SIGHUP');
  await isSaid('LUAAUTH_TOKEN_FILE: \\"token\\" is empty. Put the secret in it. The previous secret stays');
  write('token', gatewayKey);
  gateway.signal('SIGHUP');
  await isSaid('LUAAUTH_TOKEN_FILE: it holds a gateway key. Put the API key of LuaAuth in it.');
  expect(await nameOf(url, 'b', gatewayKey)).toBe('name of b');
  expect(tokens.at(-1)).toBe('sentinel-key-2');

  const metrics = async (key: string) =>
    (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect([await metrics('sentinel-metrics-1'), await metrics('sentinel-metrics-2')]).toEqual([200, 401]);
  write('metrics', 'sentinel-metrics-2');
  gateway.signal('SIGHUP');
  await isSaid('METRICS_KEY_FILE: read again, the secret has changed');
  expect([await metrics('sentinel-metrics-1'), await metrics('sentinel-metrics-2')]).toEqual([401, 200]);
  expect(gateway.output.stdout + gateway.output.stderr).not.toContain('sentinel');
});

it('a secret file that is read in the middle of a write changes nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-secret-'));
  const path = join(folder, 'token');
  writeFileSync(path, 'whole-key-1');
  const result = readConfig({ LUAAUTH_TOKEN_FILE: path });
  if ('problems' in result) throw new Error(result.problems.join());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const used: string[] = [];
  const warned: string[] = [];
  const ignore = () => undefined;
  watchSecrets(
    result.config,
    { LUAAUTH_TOKEN: (key) => void used.push(key), METRICS_KEY: ignore, REDIS_URL: ignore },
    { info: ignore, warn: (message) => void warned.push(message) },
  );
  // Nothing is awaited, so only these looks take place.
  for (const text of ['', 'whole-k', 'whole-key-2']) {
    writeFileSync(path, text);
    process.emit('SIGHUP');
  }
  expect([used, warned]).toEqual([[], []]);
  vi.advanceTimersByTime(1_000);
  expect([used, warned]).toEqual([['whole-key-2'], []]);
  writeFileSync(path, '');
  process.emit('SIGHUP');
  vi.advanceTimersByTime(5_000);
  expect(warned).toEqual([
    expect.stringMatching(/is empty\. Put the secret in it\. The previous secret stays in force\.$/),
  ]);
  expect(used).toEqual(['whole-key-2']);
  vi.useRealTimers();
  unwatchFile(path);
  process.removeAllListeners('SIGHUP');
  rmSync(folder, { recursive: true });
});

it('SIGHUP does not end a gateway that has nothing to read again', async () => {
  const { gateway, url } = await start({}, {});
  gateway.signal('SIGHUP');
  gateway.signal('SIGHUP');
  const response = await fetch(`${url}/health`);
  expect(response.status).toBe(200);
  gateway.signal('SIGTERM');
  expect(await gateway.ended).toBe(0);
});
