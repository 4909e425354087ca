import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { freePort } from '../../support/network/free-port.ts';
import { MAIN } from '../../support/processes/built.ts';
import { type GatewayProcess, startProcess, type Variables } from '../../support/processes/process.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const QUERY = '{ script(id: "a") { name } }';

describeWithRedis('WORKERS', { timeout: 180_000 }, () => {
  let redis: RedisServer;
  let recorder: Awaited<ReturnType<typeof startDistantRecorder>>;
  let gateway: GatewayProcess | undefined;
  let wasLost = false;

  beforeEach(async () => {
    redis = await startRedis();
    recorder = await startDistantRecorder();
  });
  afterEach(async () => {
    await gateway?.kill();
    wasLost = gateway?.output.stdout.includes('Redis is lost: ') ?? false;
    gateway = undefined;
    recorder.close();
    await redis.close();
  });

  /** A busy machine may take Redis from a process, which says so and promises something else: what fails there begins anew. */
  const whileRedisIsKept = { retry: { count: 4, condition: () => wasLost } };

  function start(variables: Variables, node = process.execPath): GatewayProcess {
    const all = {
      PORT: '0',
      WORKERS: '2',
      REDIS_URL: redis.url,
      LUAAUTH_API_URL: recorder.url,
      ...variables,
    };
    gateway = startProcess(all, undefined, { command: [node, MAIN] });
    return gateway;
  }

  const ask = async (url: string, token = 'key-a', query = QUERY) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      // A new connection each time, so that another worker may have it.
      headers: { 'content-type': 'application/json', token, connection: 'close' },
      body: JSON.stringify({ query }),
    });
    return response.json();
  };
  const pidsIn = ({ output }: GatewayProcess) =>
    new Set([...output.stdout.matchAll(/"pid":(\d+),.*"msg":"operation"/g)].map(([, pid]) => Number(pid)));

  it(
    'serve on one port, share their cache, replace a killed one, and end together',
    whileRedisIsKept,
    async () => {
      const workers = start({ FRESH_MS: '60000' });
      const url = await workers.listening();
      // The second one may begin to listen later.
      const areServing = (count: number) =>
        eventually(async () => {
          expect(await ask(url)).toEqual({ data: { script: { name: 'name of a' } } });
          expect(pidsIn(workers).size).toBe(count);
        });
      await areServing(2);
      expect(await recorder.arrivals()).toHaveLength(1);
      const [victim = 0] = pidsIn(workers);
      process.kill(victim, 'SIGKILL');
      // A connection that is handed to the killed worker before its end is noticed gets no answer.
      await eventually(() =>
        expect(workers.output.stderr).toContain('has ended; another worker takes its place.'),
      );
      await areServing(3);
      workers.signal('SIGTERM');
      expect(await workers.ended).toBe(0);
      const fields = (await redis.command('HKEYS', 'luaauth:store')) as string[];
      // The place of the killed worker stays free until another process takes it.
      expect(fields.filter((field) => /^\d+$/.test(field)).length).toBeLessThanOrEqual(1);
    },
  );

  it('go on where the system starts no process, until it does', whileRedisIsKept, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-node-'));
    const node = join(directory, 'node');
    // Not by this process: another thread may start a process meanwhile, which then holds the file open for writing.
    execFileSync('cp', [process.execPath, node]);
    const workers = start({}, node);
    const url = await workers.listening();
    await eventually(async () => {
      await ask(url);
      expect(pidsIn(workers).size).toBe(2);
    });
    const [victim = 0] = pidsIn(workers);
    renameSync(node, `${node}.away`);
    process.kill(victim, 'SIGKILL');
    await eventually(() => expect(workers.output.stderr).toMatch(/^spawn .* ENOENT$/m));
    // Node throws this one.
    symlinkSync(node, node);
    await eventually(() => expect(workers.output.stderr).toMatch(/^spawn ELOOP$/m));
    expect(await ask(url)).toEqual({ data: { script: { name: 'name of a' } } });
    renameSync(`${node}.away`, node);
    await eventually(async () => {
      await ask(url);
      expect(pidsIn(workers).size).toBe(3);
    });
    rmSync(directory, { recursive: true });
  });

  it('have metrics of their own', whileRedisIsKept, async () => {
    const port = Number(await freePort(3));
    // The port after that of the last worker's metrics is free for all else.
    const workers = start({ METRICS_PORT: String(port), PORT: String(port + 2) });
    await workers.listening();
    for (const own of [port, port + 1]) {
      await eventually(() => expect(workers.output.stdout).toContain(`http://127.0.0.1:${own}/metrics`));
      const text = await (await fetch(`http://127.0.0.1:${own}/metrics`)).text();
      expect(text).toContain('luaauth_coordination_state{state="ok"} 1');
      expect(text).toContain('luaauth_coordination_losses_total 0');
    }
    await redis.stop();
    await eventually(async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(text).toContain('luaauth_coordination_state{state="lost"} 1');
      expect(text).toContain('luaauth_coordination_losses_total 1');
    });
  });

  it('share the sandbox that is asked for', whileRedisIsKept, async () => {
    const workers = start({ LUAAUTH_API_URL: '', LUAAUTH_SANDBOX: 'true', FRESH_MS: '0' });
    const url = await workers.listening();
    const id = seeded.scriptId;
    await ask(
      url,
      sandboxKeys.full,
      `mutation { editScript(input: { id: "${id}", name: "Renamed" }) { __typename } }`,
    );
    // The second one may begin to listen later.
    await eventually(async () => {
      expect(await ask(url, sandboxKeys.full, `{ script(id: "${id}") { name } }`)).toEqual({
        data: { script: { name: 'Renamed' } },
      });
      expect(pidsIn(workers).size).toBe(2);
    });
    // Each says so, and its GraphiQL.
    const started = workers.output.stdout.split('\n').filter((line) => line.includes('"msg":"started"'));
    expect(started).toHaveLength(2);
    for (const line of started) {
      expect(JSON.parse(line)).toMatchObject({ mode: 'sandbox', sandboxKey: sandboxKeys.full });
      expect(line).not.toContain('apiUrl');
    }
    const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('Sandbox: made-up data');
  });

  it('open the audit log again on SIGHUP, each of them', whileRedisIsKept, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-workers-'));
    const path = join(directory, 'audit.log');
    const workers = start({ LUAAUTH_API_URL: '', LUAAUTH_SANDBOX: 'true', AUDIT_LOG_FILE: path });
    const url = await workers.listening();
    const write = `mutation { toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename } }`;
    const written = { data: { toggleScript: { __typename: 'ToggleScriptSuccess' } } };
    await ask(url, sandboxKeys.full, write);
    renameSync(path, `${path}.1`);
    // The two workers take turns: both write to the new file once four lines in a row are there.
    await eventually(async () => {
      workers.signal('SIGHUP');
      const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
      for (let turn = 0; turn < 4; turn += 1) {
        expect(await ask(url, sandboxKeys.full, write)).toEqual(written);
      }
      const lines = readFileSync(path, 'utf8').slice(before.length).trimEnd().split('\n');
      expect(lines).toHaveLength(4);
    });
    workers.signal('SIGTERM');
    expect(await workers.ended).toBe(0);
    rmSync(directory, { recursive: true });
  });

  it('do not start where Redis does not let them in, and say so once', async () => {
    await redis.command('CONFIG', 'SET', 'requirepass', 'secret');
    const workers = start({ LUAAUTH_INSTANCES: '2' });
    expect(await workers.ended).toBe(1);
    expect(workers.output.stderr).toMatch(
      /^Redis cannot be used at 127\.0\.0\.1:\d+: Redis asks for a password[^\n]*\n$/,
    );
  });
});
