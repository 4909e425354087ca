import type { Access, Timeouts } from '../../../luaauth/api.ts';
import type { Call, Reply } from '../../../transport/call.ts';
import { createTransport } from '../../../transport/transport.ts';
import { Usage } from '../../../transport/usage.ts';
import { version } from '../../../version.ts';

interface SingleCallOptions {
  readonly url: URL;
  readonly key: string;
  readonly timeouts: Timeouts;
}

/** Receives each answer before it is decoded. */
export type OnReply = (call: Call<unknown>, reply: Reply) => void;

/** Opens the API for calls of which each is one request: nothing is repeated or cached. */
export function openSingleCalls({ url, key, timeouts }: SingleCallOptions) {
  const transport = createTransport({ url, userAgent: `luaauth-graphql/${version} (check)` });
  return {
    forOneCall: (onReply?: OnReply): Access => ({
      ask(call, usage) {
        const decode: typeof call.decode = (reply, asked) => {
          onReply?.(call, reply);
          return call.decode(reply, asked);
        };
        return transport.ask({ ...call, decode, rules: { ...call.rules, isSentOnce: true } }, usage);
      },
      clock: transport.clock,
      origin: { key, account: '', caller: '' },
      usage: new Usage(),
      signal: undefined,
      timeouts,
      deadline: transport.clock.now() + timeouts.read,
    }),
    close: transport.close,
  };
}
