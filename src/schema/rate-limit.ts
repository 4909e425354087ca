import { inheritsScopes, requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import { whenKnown } from '../state/maybe-promise.ts';
import { builder } from './builder.ts';

/** How the quota stands; a limit of null: there is none. */
const read = ({ caller, cost }: Context) =>
  whenKnown(caller.api.rateLimit(), ({ resetAtMs, limit, remaining, ...status }) => ({
    ...status,
    ...(limit === Number.POSITIVE_INFINITY ? { limit: null, remaining: null } : { limit, remaining }),
    cost,
    resetAt: new Date(resetAtMs),
  }));

const RateLimit = builder.objectRef<Awaited<ReturnType<typeof read>>>('RateLimit').implement({
  extensions: inheritsScopes,
  description:
    "The quota of the caller's API key, in REST calls, as the gateway sees it: what others send with the same key past the gateway is not in it.",
  fields: (t) => ({
    limit: t.exposeInt('limit', {
      nullable: true,
      description:
        'Calls that the quota allows in any second: 5 until LuaAuth has accepted the key, and fewer for a while after it said that they were too many. Null: no limit.',
    }),
    remaining: t.exposeInt('remaining', {
      nullable: true,
      description: 'Calls that could start at this moment. Null: no limit.',
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
        'The most that this operation may cost: every id distinct, every page full, nothing shared.',
    }),
    queued: t.exposeInt('queued', { description: 'Calls of this API key that wait for their turn.' }),
  }),
});

builder.queryFields((t) => ({
  rateLimit: t.field({
    type: RateLimit,
    description:
      "The quota of the caller's API key at the moment when this field is resolved, and what the operation may cost. Costs no REST call. To see the cost without running, send the header `x-upstream: plan`.",
    extensions: requiresScopes(),
    resolve: (_root, _args, context) => read(context),
  }),
}));
