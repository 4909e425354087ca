import { whenKnown } from '../base/maybe-promise.ts';
import type { Context } from '../context.ts';
import { builder } from './builder.ts';

/** A limit of null means no limit. */
const read = ({ caller: { api }, cost }: Context) =>
  whenKnown(api.rateLimit(api.origin.account), ({ limit, remaining, ...status }) => ({
    ...status,
    ...(limit === Number.POSITIVE_INFINITY ? { limit: null, remaining: null } : { limit, remaining }),
    cost,
  }));

const RateLimit = builder.objectRef<Awaited<ReturnType<typeof read>>>('RateLimit').implement({
  scopes: 'inherited',
  description:
    "The quota of the caller's API key, in REST calls, as the gateway sees it. Calls that bypass the gateway with the same key are not included.",
  fields: (t) => ({
    limit: t.exposeInt('limit', {
      nullable: true,
      description: 'REST calls that the quota allows per second. Null: no limit.',
    }),
    remaining: t.exposeInt('remaining', {
      nullable: true,
      description: 'Calls that could start at this moment. Null: no limit.',
    }),
    used: t.exposeInt('used', {
      description: 'Calls of the last second, including calls that are about to be sent.',
    }),
    resetAt: t.expose('resetAtMs', {
      type: 'DateTime',
      description: 'When the whole quota is free again if no further call starts.',
    }),
    cost: t.exposeInt('cost', {
      description:
        'The most REST calls that this operation may make: every id distinct, every page full, nothing shared.',
    }),
    queued: t.exposeInt('queued', { description: 'Calls of this API key that wait for their turn.' }),
  }),
});

builder.queryFields((t) => ({
  rateLimit: t.field({
    type: RateLimit,
    description:
      "The quota of the caller's API key when this field is resolved, and the highest price of the operation. Costs no REST call. To see the price without running the operation, send the header `x-upstream: plan`.",
    scopes: [],
    resolve: (_root, _args, context) => read(context),
  }),
}));
