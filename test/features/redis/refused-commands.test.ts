import { expect, it } from 'vitest';
import { RedisRefused } from '../../../src/features/redis/client.ts';

const ADVICE = 'which is not supported. Set REDIS_URL to a Redis without cluster mode';

it.each([
  ['MOVED 3999 10.0.0.2:6379', `Redis is part of a cluster (MOVED), ${ADVICE}`],
  ['ASK 3999 10.0.0.2:6379', `Redis is part of a cluster (ASK), ${ADVICE}`],
  ['CLUSTERDOWN Hash slot not served', `Redis is part of a cluster (CLUSTERDOWN), ${ADVICE}`],
  [
    "CROSSSLOT Keys in request don't hash to the same slot",
    `Redis is a cluster, or a proxy of a cluster (CROSSSLOT), ${ADVICE}`,
  ],
])('%s is said in words', (answer, words) => {
  expect(new RedisRefused(new Error(answer))).toMatchObject({ message: words, cannotWrite: false });
});

it.each([
  ["ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'sentinel-password' "],
  ['ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `sentinel-password`, '],
])('%s is reported without the arguments of the command', (answer) => {
  const { message } = new RedisRefused(new Error(answer));
  expect(message).toMatch(/^ERR unknown command .HELLO.$/);
});
