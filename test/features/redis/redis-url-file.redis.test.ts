import { rmSync, writeFileSync } from 'node:fs';
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

  it('is read for each connection, and the log says each reason why Redis stays lost once', async () => {
    const server = await startRedis();
    redis = server;
    let file = '';
    const begun = startProcess({ PORT: '0', REDIS_URL_FILE: 'redis-url' }, (directory) => {
      file = join(directory, 'redis-url');
      writeFileSync(file, server.url);
    });
    gateway = begun;
    await begun.listening();
    /** How often the log has said this. */
    const said = (text: string) => begun.output.stdout.split(text).length - 1;
    const isSaid = (text: string) => eventually(() => expect(said(text)).toBe(1));

    await server.command('CONFIG', 'SET', 'requirepass', 'sentinel-password');
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await isSaid('Redis asks for a password (NOAUTH). Put it into REDIS_URL');
    rmSync(file);
    await isSaid('REDIS_URL_FILE: \\"redis-url\\" does not exist (ENOENT)');
    writeFileSync(file, 'http://127.0.0.1');
    await isSaid('REDIS_URL_FILE: \\"redis-url\\": its content must be a percent-encoded URL');
    writeFileSync(file, server.url.replace('//', '//:sentinel-password@'));
    await isSaid('Redis is back');
    await isSaid('REDIS_URL_FILE: read again, the secret has changed');
    expect(said('Redis asks for a password')).toBe(1);
    expect(said('Redis is lost: ')).toBe(1);
    expect(begun.output.stdout).not.toContain('sentinel-password');
  });
});
