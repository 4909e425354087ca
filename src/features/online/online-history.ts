import { checkScript } from '../../callers/resource-access.ts';
import type { OnlineDay } from '../../context.ts';
import { usable } from '../../luaauth/decoders.ts';
import { builder } from '../../schema/builder.ts';
import { Script } from '../../schema/script.ts';
import { PERIODS } from './day.ts';

export { createOnline } from './online.ts';

const OnlineHistory = builder.objectRef<OnlineDay>('OnlineHistory').implement({
  scopes: 'inherited',
  description:
    'How many users of a script were connected during the last day, from the memory of this process.',
  fields: (t) => ({
    from: t.expose('from', { type: 'DateTime', description: 'When the first period began.' }),
    periodMs: t.exposeInt('periodMs', { description: 'The length of a period, in ms.' }),
    sessions: t.field({
      type: ['Int'],
      nullable: { list: false, items: true },
      mostValues: PERIODS,
      description:
        'The most connected users in each period, one number for each period of a day. Null: there is no sample of that period.',
      resolve: ({ sessions }) => sessions.slice(),
    }),
  }),
});

builder.objectField(Script, 'onlineHistory', (t) =>
  t.field({
    type: OnlineHistory,
    nullable: true,
    description:
      'How many users were connected during the last day. Null unless `METRICS_SCRIPTS` names the script. Costs no REST call.',
    scopes: ['sessions:read'],
    resolve: async (script, _args, { caller, online }) => {
      const { api, grant } = caller;
      const id = usable(script, 'id');
      const day = online?.historyOf(api.origin.account, id);
      if (!day) return null;
      await checkScript(api, grant, id);
      return day;
    },
  }),
);
