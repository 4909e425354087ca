import type { Api } from '../luaauth/api.ts';
import { builder } from './builder.ts';

type UpstreamStatus = ReturnType<Api['status']>;

const UpstreamState = builder.enumType('UpstreamState', {
  description: 'Whether LuaAuth answers.',
  values: {
    AVAILABLE: { description: 'LuaAuth answers, as far as is known.' },
    DEGRADED: {
      description: 'The last call failed, or there was no call since LuaAuth was unavailable.',
    },
    UNAVAILABLE: {
      description:
        'LuaAuth does not answer. The gateway tries again every few seconds if there is a call to make.',
    },
  } satisfies Record<UpstreamStatus['upstream'], object>,
});

const Status = builder.objectRef<UpstreamStatus>('Status').implement({
  scopes: 'inherited',
  description: 'Whether LuaAuth answers this gateway.',
  fields: (t) => ({
    upstream: t.expose('upstream', { type: UpstreamState, description: 'The state of LuaAuth.' }),
    since: t.expose('sinceMs', {
      type: 'DateTime',
      description: 'When this state began, as far as this process knows.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'The reason as one sentence; null while LuaAuth is AVAILABLE.',
    }),
  }),
});

builder.queryFields((t) => ({
  status: t.field({
    type: Status,
    description:
      'Whether LuaAuth answers this gateway, according to its circuit breaker. Makes no REST call and needs no scope.',
    scopes: [],
    resolve: (_root, _args, { caller: { api } }) => api.status(api.origin.account),
  }),
}));
