import { needs, needsNothingMore } from '../callers/needs.ts';
import { whenKnown } from '../state/maybe-promise.ts';
import { builder } from './builder.ts';

interface RateLimitShape {
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  readonly resetAt: Date;
  readonly cost: number;
  readonly queued: number;
}

const RateLimit = builder.objectRef<RateLimitShape>('RateLimit').implement({
  extensions: needsNothingMore,
  description:
    "The quota of the caller's API key, in REST calls, as the gateway sees it: what others send with the same key past the gateway is not in it.",
  fields: (t) => ({
    limit: t.exposeInt('limit', {
      description:
        'Calls that the quota allows in any second; fewer for a while after LuaAuth said that it was too fast. 0: no limit.',
    }),
    remaining: t.exposeInt('remaining', {
      description: 'Calls that could start at this moment. 0 also while there is no limit: see `limit`.',
    }),
    used: t.exposeInt('used', {
      description: 'Calls of the last second, and those that are about to be sent.',
    }),
    resetAt: t.expose('resetAt', {
      type: 'DateTime',
      description: 'When the whole of it is free again if nothing else starts.',
    }),
    cost: t.exposeInt('cost', {
      description:
        'What this operation may cost at most: every id distinct, every page full, nothing shared.',
    }),
    queued: t.exposeInt('queued', { description: 'Calls of this API key that wait for their turn.' }),
  }),
});

builder.queryFields((t) => ({
  rateLimit: t.field({
    type: RateLimit,
    description:
      "The quota of the caller's API key at the moment when this field is resolved, and what the operation may cost. Costs no REST call. To see the cost without running, send the header `x-upstream: plan`.",
    extensions: needs(),
    resolve: (_root, _args, { caller, cost }) =>
      whenKnown(
        caller.api.rateLimit(),
        ({ resetAtMs, ...status }): RateLimitShape => ({
          ...status,
          cost,
          resetAt: new Date(resetAtMs),
        }),
      ),
  }),
}));
