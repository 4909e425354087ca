import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

describeWithRedis('REDIS_URL_FILE', () => {
  let redis: RedisServer | undefined;
  let gateway: GatewayProcess | undefined;
  afterEach(async () => {
    await gateway?.kill();
    await redis?.close();
  });

  it('is read at the start, and the log says once why Redis is lost', async () => {
    const server = await startRedis();
    redis = server;
    const begun = startProcess({ PORT: '0', REDIS_URL_FILE: 'redis-url' }, (directory) => {
      writeFileSync(join(directory, 'redis-url'), server.url);
    });
    gateway = begun;
    await begun.listening();
    /** How often the log has said this. */
    const said = (text: string) => begun.output.stdout.split(text).length - 1;
    const isSaid = (text: string) => eventually(() => expect(said(text)).toBe(1));

    await server.command('CONFIG', 'SET', 'requirepass', 'sentinel-password');
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await isSaid('Redis asks for a password (NOAUTH). Put it into REDIS_URL');
    await server.command('CONFIG', 'SET', 'requirepass', '');
    await isSaid('Redis is back');
    expect(said('Redis asks for a password')).toBe(1);
    expect(said('Redis is lost: ')).toBe(1);
  });
});
