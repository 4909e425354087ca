import { unusable, usable } from '../luaauth/decoders.ts';
import {
  type DayCount,
  getExecutions,
  getProjectExecutions,
  type ListedScript,
} from '../luaauth/executions.ts';
import { getScript, type Script as ScriptShape } from '../luaauth/scripts.ts';
import { selectsOnlyFree } from '../plan/look-ahead.ts';
import { builder } from './builder.ts';
import { defineLoader, oneByOne } from './loader.ts';
import { MAX_READ, Project, projectExecutionsOf, tooMany } from './project.ts';
import { Script } from './script.ts';

const executionsOf = defineLoader(
  'executions of a script',
  oneByOne((api, script_id: string) => getExecutions(api, { script_id })),
);

/** The API documents no maximum of days. A longer answer is priced when it arrives. */
const USUAL_DAYS = 31;

const Execution = builder.objectRef<DayCount>('Execution').implement({
  scopes: 'inherited',
  description: 'How often a script, or all scripts of a project, were executed on one day.',
  fields: (t) => ({
    date: t.exposeString('date', {
      description:
        'The day as the API labels it, such as `01/01`. The API does not say whether the day or the month comes first, and gives no year.',
    }),
    count: t.expose('count', { type: 'SafeInt', description: 'Executions on that day.' }),
    index: t.int({
      description:
        "The position of the day in the API's list, from 0. Sort days by this field: `date` does not sort.",
      resolve: (day) => usable(day, 'index'),
    }),
  }),
});

builder.objectField(Script, 'executions', (t) =>
  t.field({
    type: [Execution],
    nullable: true,
    description:
      'Executions per day, in the order of the API, which does not document how many days it lists. Null, with an error here, if they cannot be read. Costs one REST call for each script. Free below `Project.scripts`, which reads the executions of all its scripts with one call.',
    scopes: ['scripts:read'],
    cost: { endpoint: getExecutions, items: () => USUAL_DAYS },
    resolve: (script, _args, context) => executionsOf(context).load(usable(script, 'id')),
  }),
);

/** The fields of a script that the list of executions contains. */
const LISTED: readonly string[] = ['id', 'name', 'executions'];

builder.objectField(Project, 'executions', (t) =>
  t.field({
    type: [Execution],
    nullable: true,
    description:
      'Executions per day of all scripts together, in the order of the API. Null, with an error here, if they cannot be read. Costs one REST call, shared with `scripts`.',
    scopes: ['projects:read'],
    cost: { endpoint: getProjectExecutions, items: () => USUAL_DAYS, perObject: true },
    resolve: async (project, _args, context) =>
      usable(await projectExecutionsOf(context).load(usable(project, 'id')), 'total'),
  }),
);

builder.objectField(Project, 'scripts', (t) =>
  t.field({
    type: [Script],
    nullable: { list: true, items: true },
    description: `The scripts in the API's list of the project's executions. The API has no other list of scripts, and does not document whether scripts without executions are in it. Costs one REST call, shared with \`executions\`. The scripts' ids, names and executions are free. Any other field costs one call for each of the first ${MAX_READ} scripts. A script that cannot be read is null, with an error at its index. The list is null, with an error here, if it cannot be read.`,
    scopes: ['projects:read', 'scripts:read'],
    cost: {
      endpoint: getProjectExecutions,
      items: () => MAX_READ,
      perObject: true,
      item: { endpoint: getScript, freeFields: LISTED },
    },
    usesInfo: true,
    resolve: async (project, _args, context, info) => {
      const listed = usable(await projectExecutionsOf(context).load(usable(project, 'id')), 'scripts');
      const isFree = selectsOnlyFree(info);
      return listed.map((script, index) => {
        const { id, executions = unusable(script, 'executions') } = script;
        if (id === undefined) return unusable(script, 'id');
        executionsOf(context).prime(id, executions);
        if (isFree) return script as Omit<ListedScript, 'executions'> as ScriptShape;
        return index < MAX_READ ? id : tooMany('The project has', listed.length, 'scripts', LISTED);
      });
    },
  }),
);
