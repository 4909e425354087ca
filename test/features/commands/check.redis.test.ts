import { expect, it } from 'vitest';
import { freePort } from '../../support/network/free-port.ts';
import { useCommands } from '../../support/processes/commands-here.ts';
import { ENGINES } from '../../support/processes/tools.ts';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const { run, closing } = useCommands();

describeWithRedis('check, where gateways share a Redis', () => {
  const check = async (variables: Readonly<Record<string, string>>) => {
    const { code, stdout } = await run(['check'], { variables: { LUAAUTH_INSTANCES: '2', ...variables } });
    return { code, redis: stdout.split('\n').find((line) => line.includes('Redis')) };
  };

  it('asks it, and writes nothing there', async () => {
    const { url, close, command } = await startRedis();
    closing.push(async () => close());
    const { code, redis } = await check({ REDIS_URL: url });
    expect({ code, redis }).toEqual({
      code: 0,
      redis: `ok    Redis          it answers at ${new URL(url).host}.`,
    });
    expect(await command('DBSIZE')).toBe(0);
  });

  it('fails where it does not let the gateway in, and says why', async () => {
    const { url, close } = await startRedis(undefined, ['--requirepass', 'right-password']);
    closing.push(async () => close());
    const why = async (login: string) => {
      const { code, redis } = await check({ REDIS_URL: url.replace('//', `//${login}`) });
      return [code, /used at [^ ]+ (.*)$/.exec(redis ?? '')?.[1]];
    };
    expect(await why('')).toEqual([1, 'Redis asks for a password (NOAUTH). Put it into REDIS_URL.']);
    const wrong = 'WRONGPASS invalid username-password pair or user is disabled.';
    expect(await why(':wrong-password@')).toEqual([1, wrong]);
  });

  it('fails where the user may not use the keys of the prefix', async () => {
    const { url, close, command } = await startRedis();
    closing.push(async () => close());
    const rights = ['~luaauth:*', '&luaauth:*', '+@all', '-@dangerous', '+info'];
    await command('ACL', 'SETUSER', 'app', 'on', '>app-password', ...rights);
    const variables = { REDIS_URL: url.replace('//', '//app:app-password@') };
    expect((await check(variables)).code).toBe(0);
    const other = await check({ ...variables, REDIS_PREFIX: 'other' });
    expect([other.code, other.redis]).toEqual([1, expect.stringMatching(/: NOPERM /)]);
  });

  it('shows no password where Redis does not know the command of the login', async () => {
    const { url, close } = await startRedis(undefined, ['--rename-command', 'HELLO', '']);
    closing.push(async () => close());
    const { code, redis } = await check({ REDIS_URL: url.replace('//', '//:sentinel-password@') });
    expect([code, redis]).toEqual([1, expect.stringContaining("ERR unknown command 'HELLO'.")]);
    expect(redis).not.toContain('sentinel-password');
  });

  it.each(ENGINES)('fails where it is a cluster, even of one shard (%s)', async (engine) => {
    const { url, close } = await startRedis(engine, ['--cluster-enabled', 'yes']);
    closing.push(async () => close());
    const { code, redis } = await check({ REDIS_URL: url });
    expect(code).toBe(1);
    expect(redis).toContain(
      'Redis runs in cluster mode, which is not supported. Set REDIS_URL to a Redis without',
    );
  });

  it('notes where none answers, as the gateway begins without', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    const noted = await check({ REDIS_URL: `redis://:sentinel-password@${host}` });
    expect(noted.code).toBe(0);
    expect(noted.redis).toMatch(
      /^note {2}Redis {10}it cannot be used at .*The gateway would start without it\.$/,
    );
    expect(noted.redis).not.toContain('sentinel-password');
  });
});
