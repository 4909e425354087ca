import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { freePort } from '../../support/network/free-port.ts';
import { type GatewayProcess, startProcess, type Variables } from '../../support/processes/process.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

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

  function start(variables: Variables): GatewayProcess {
    const all = {
      PORT: '0',
      WORKERS: '2',
      REDIS_URL: redis.url,
      LUAAUTH_API_URL: recorder.url,
      ...variables,
    };
    gateway = startProcess(all);
    return gateway;
  }

  const ask = async (url: string) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      // A new connection each time, so that another worker may have it.
      headers: { 'content-type': 'application/json', token: 'key-a', connection: 'close' },
      body: JSON.stringify({ query: '{ script(id: "a") { name } }' }),
    });
    return response.json();
  };
  const pidsOf = ({ output }: GatewayProcess, message: string) =>
    new Set(
      [...output.stdout.matchAll(/"pid":(\d+),.*"msg":"([^"]+)"/g)].flatMap(([, pid, msg]) =>
        msg === message ? [Number(pid)] : [],
      ),
    );

  it(
    'serve on one port, share their cache, have metrics and an audit log of their own, replace a killed one, and end together',
    whileRedisIsKept,
    async () => {
      const port = Number(await freePort(3));
      const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-workers-'));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      const workers = start({
        FRESH_MS: '60000',
        METRICS_PORT: String(port),
        // The port after that of the last worker's metrics is free for all else.
        PORT: String(port + 2),
        AUDIT_LOG_FILE: join(directory, 'audit.log'),
      });
      const url = await workers.listening();
      // The second one may begin to listen later.
      const areServing = (count: number) =>
        eventually(async () => {
          expect(await ask(url)).toEqual({ data: { script: { name: 'name of a' } } });
          expect(pidsOf(workers, 'operation').size).toBe(count);
        });
      await areServing(2);
      expect(await recorder.arrivals()).toHaveLength(1);
      for (const own of [port, port + 1]) {
        const text = await (await fetch(`http://127.0.0.1:${own}/metrics`)).text();
        expect(text).toContain('luaauth_coordination_state{state="ok"} 1');
      }
      workers.signal('SIGHUP');
      await eventually(() =>
        expect(pidsOf(workers, 'AUDIT_LOG_FILE: opened again')).toEqual(pidsOf(workers, 'operation')),
      );

      const [victim = 0] = pidsOf(workers, 'operation');
      process.kill(victim, 'SIGKILL');
      // A connection that is handed to the killed worker before its end is noticed gets no answer.
      await eventually(() =>
        expect(workers.output.stderr).toContain('has ended; another worker takes its place.'),
      );
      await areServing(3);
      workers.signal('SIGTERM');
      expect(await workers.ended).toBe(0);
      expect(pidsOf(workers, 'stopped').size).toBe(2);
      const fields = (await redis.command('HKEYS', 'luaauth:store')) as string[];
      // The place of the killed worker stays free until another process takes it.
      expect(fields.filter((field) => /^\d+$/.test(field)).length).toBeLessThanOrEqual(1);
    },
  );

  it('start although SIGHUP reaches their process meanwhile', whileRedisIsKept, async () => {
    const workers = start({});
    // A note, which is printed before the first worker is started.
    await eventually(() => expect(workers.output.stderr).toContain('LUAAUTH_INSTANCES: not set'));
    const signals = setInterval(() => workers.signal('SIGHUP'), 10);
    onTestFinished(() => clearInterval(signals));
    const url = await workers.listening();
    expect(await ask(url)).toEqual({ data: { script: { name: 'name of a' } } });
    expect(workers.output.stderr).not.toContain('has ended');
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
