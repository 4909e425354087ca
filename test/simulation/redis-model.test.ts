import { expect, it } from 'vitest';
import { RedisModel } from './redis-model.ts';

it('a lease ends in time, even if no command comes after it', () => {
  let now = 1_000;
  const model = new RedisModel({ nowMs: () => now });
  model.setNew('lease', 'holder', 5_000);
  now += 4_999;
  expect([model.keys, model.pttl('lease')]).toEqual([['lease'], 1]);
  now += 1;
  expect([model.keys, model.pttl('lease')]).toEqual([[], -2]);
});
