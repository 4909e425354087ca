import { costs } from '../limits/cost.ts';
import { usable, usableProperty } from '../luaauth/decoders.ts';
import { type DayCount, getExecutions } from '../luaauth/scripts.ts';
import { builder } from './builder.ts';
import { defineLoader } from './loader.ts';
import { Script } from './script.ts';

const executionsOf = defineLoader((api, scriptId: string) => getExecutions(api, { script_id: scriptId }));

/** The API does not say how many days it lists; an answer of more is counted when it is there. */
const USUAL_DAYS = 31;

export const Execution = builder.objectRef<DayCount>('Execution').implement({
  description: 'How often a script was executed on one day.',
  fields: (t) => ({
    date: t.string({
      resolve: usableProperty('date'),
      description:
        'The day as the API labels it, such as `01/01`. The API does not say whether the day or the month comes first, and gives no year.',
    }),
    count: t.field({
      type: 'SafeInt',
      description: 'Executions on that day.',
      resolve: usableProperty('count'),
    }),
  }),
});

builder.objectField(Script, 'executions', (t) =>
  t.field({
    type: [Execution],
    description:
      'Executions per day, in the order in which the API lists them; how many days it lists is not documented. Costs one REST call.',
    extensions: costs('GET /scripts/:script_id/executions', { items: () => USUAL_DAYS }),
    resolve: (script, _args, context) => executionsOf(context).load(usable(script, 'id')),
  }),
);
