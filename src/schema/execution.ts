import type { Context } from '../context.ts';
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
import { defineLoader } from './loader.ts';
import { MAX_READ, Project, projectExecutionsOf, tooMany } from './project.ts';
import { Script } from './script.ts';

/** A script whose executions are read, and its project if an answer has told it. */
interface Counted {
  readonly id: string;
  readonly project?: string | undefined;
}

const executionsOf = defineLoader('executions of a script', readExecutions, ({ id }: Counted) => id);

/**
 * Reads the executions of several scripts. LuaAuth answers for all scripts of a project at once, so two or more scripts of a project
 * share one call. A script has a call of its own if it is the only one of its project, if its project is unknown, or if the project's
 * answer does not serve it. So each script has the value or the error that it would have alone.
 */
async function readExecutions(
  scripts: readonly Counted[],
  context: Context,
): Promise<(DayCount[] | Error)[]> {
  const sizes = new Map<string, number>();
  for (const { project } of scripts) if (project) sizes.set(project, (sizes.get(project) ?? 0) + 1);
  const answers = new Map<string | undefined, Promise<ReadonlyMap<string, DayCount[]>>>();
  if (mayReadProjects(context))
    for (const [project, size] of sizes) if (size > 1) answers.set(project, readListed(project, context));
  return Promise.all(
    scripts.map(async ({ id, project }) => {
      const listed = await answers.get(project);
      const alone = () => getExecutions(context.caller.api, { script_id: id });
      return listed?.get(id) ?? alone().catch((error: Error) => error);
    }),
  );
}

/** Reads a project's executions by script. Scripts without usable counts are left out, and if the call fails there are none: they are read alone. */
async function readListed(project: string, context: Context): Promise<ReadonlyMap<string, DayCount[]>> {
  const { scripts = [] } = await projectExecutionsOf(context)
    .load(project)
    .catch(() => ({ scripts: undefined }));
  const listed = new Map<string, DayCount[]>();
  for (const { id, executions } of scripts)
    if (id && executions?.every(({ count }) => count !== undefined)) listed.set(id, executions);
  return listed;
}

/** Without the scope, a caller's scripts are read alone, so that its operation makes no call that its key does not allow. */
function mayReadProjects({ caller: { grant } }: Context): boolean {
  return grant?.scopes?.has('projects:read') !== false;
}

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
      'Executions per day, in the order of the API, which does not document how many days it lists. Null, with an error here, if they cannot be read. Costs one REST call for each project with two or more of the selected scripts, and one for each other script. If the call for a project fails, its scripts cost one each. Free below `Project.scripts`, which reads the executions of all its scripts with one call.',
    scopes: ['scripts:read'],
    cost: { endpoint: getExecutions, items: () => USUAL_DAYS, isBatched: true },
    resolve: (script, _args, context) =>
      executionsOf(context).load({ id: usable(script, 'id'), project: script.project_id }),
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
        executionsOf(context).prime({ id }, executions);
        if (isFree) return script as Omit<ListedScript, 'executions'> as ScriptShape;
        return index < MAX_READ ? id : tooMany('The project has', listed.length, 'scripts', LISTED);
      });
    },
  }),
);
