import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import { createLiveApi } from '../../support/api/live-api.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { next, subscribe } from '../../support/clients/live-events.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { useSeveralGateways } from './several-gateways.ts';

const sha256 = (text: string, form: 'hex' | 'base64url') => createHash('sha256').update(text).digest(form);
const tagOf = (key: string) => createEncryption(sha256(key, 'base64url')).tag;

describeWithRedis('names in Redis', () => {
  const fixture = useSeveralGateways();

  /** Every key, and every channel that somebody listens to. */
  const names = async () => {
    const lists = await Promise.all([
      fixture.redis.command('KEYS', '*'),
      fixture.redis.command('PUBSUB', 'CHANNELS', '*'),
    ]);
    return (lists as string[][]).flat();
  };

  it('begin with the account, but for the store that all gateways have in common', async () => {
    const api = createLiveApi();
    const recorder = await startRecorder((recorded, response) =>
      (recorded.line.endsWith('/sessions') ? api.respond : answerPlainly)(recorded, response),
    );
    fixture.closing.push(() => recorder.close());
    const { url: upstream } = recorder;
    const keyRing = ringOf([{ name: 'team', rate: 5 }]);
    const [open, holding] = [
      await fixture.open({ upstream, liveLimits: { rate: 5 } }),
      await fixture.open({
        upstream,
        liveLimits: { rate: 5 },
        credentials: { heldKey: 'held', keyRing },
      }),
    ];
    const callers = [
      { gateway: open, headers: { token: 'one' } },
      { gateway: open, headers: { token: 'two' } },
      { gateway: holding, headers: bearer('team') },
    ];
    const seen = new Set<string>();
    const streams = [];
    for (const { gateway, headers } of callers) {
      api.connect('s', `user of ${JSON.stringify(headers)}`);
      streams.push(await subscribe(gateway, {}, headers));
      await gateway.execute(SCRIPT, { id: 'a' }, headers);
      await gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, headers);
      for (const name of await names()) seen.add(name);
    }
    for (const stream of streams) await next(stream);
    const kindsSeen = () =>
      [...seen].map((name) => {
        const [, tag = '', kind = ''] = /^luaauth:\{([^}]+)\}:[\w-]+:(.+)$/.exec(name) ?? [];
        return { tag, kind };
      });
    // Each account has a rate of its own for its polls, and so has each caller of an account.
    let reads = 0;
    await eventually(async () => {
      reads += 1;
      for (const { gateway, headers } of callers) await gateway.execute(SCRIPT, { id: `r${reads}` }, headers);
      for (const name of await names()) seen.add(name);
      const rates = ['one', 'two', 'held'].map((account) => {
        const sent = kindsSeen().filter(
          ({ tag, kind }) => tag === tagOf(account) && kind.startsWith('quota-'),
        );
        return [account, new Set(sent.map(({ kind }) => kind.replace(/^\w+/, ''))).size];
      });
      expect(rates).toEqual([
        ['one', 1],
        ['two', 1],
        ['held', 2],
      ]);
    });
    for (const stream of streams) stream.leave();

    const accounts = ['one', 'two', 'held'].map(tagOf);
    const others = [...seen].filter((name) => !accounts.some((tag) => name.startsWith(`luaauth:{${tag}}:`)));
    expect(others).toEqual(['luaauth:store']);
  });
});
