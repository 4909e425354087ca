import { isAccessDenied } from '../callers/resource-access.ts';
import { inheritsScopes, requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';
import { usable } from '../luaauth/decoders.ts';
import {
  type DayCount,
  getExecutions,
  getProjectExecutions,
  type ListedScript,
} from '../luaauth/executions.ts';
import { isAnsweredWithout } from '../luaauth/refusal.ts';
import { getScript } from '../luaauth/scripts.ts';
import { costs } from '../plan/cost.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import { builder } from './builder.ts';
import { defineBatchLoader, errorOf } from './loader.ts';
import { MAX_READ, Project, projectExecutionsOf, tooMany } from './project.ts';
import { Script } from './script.ts';
import { wireFields } from './wire-fields.ts';

/** The script or project whose executions are wanted. */
interface Whose {
  readonly scriptId: string;
  /** Undefined: not known. */
  readonly projectId?: string | undefined;
}

const executionsOf = defineBatchLoader(fetchExecutions, ({ scriptId }: Whose) => scriptId);

/** The API does not say how many days it lists; an answer of more is counted when it is there. */
const USUAL_DAYS = 31;

const Execution = builder.objectRef<DayCount>('Execution').implement({
  extensions: inheritsScopes,
  description: 'How often a script, or all scripts of a project, were executed on one day.',
  fields: (t, wire = wireFields(t)) => ({
    date: wire.string(
      'date',
      'The day as the API labels it, such as `01/01`. The API does not say whether the day or the month comes first, and gives no year.',
    ),
    count: wire.count('count', 'Executions on that day.'),
    index: t.int({
      description:
        'The place of the day in the list of the API, from 0: days sort by it, which by `date` they do not.',
      resolve: (day) => usable(day, 'index'),
    }),
  }),
});

builder.objectField(Script, 'executions', (t) =>
  t.field({
    type: [Execution],
    nullable: true,
    description:
      'Executions per day, in the order in which the API lists them; how many days it lists is not documented. Null, with an error here, if they cannot be read. Costs one REST call; one for two or more scripts of a project together, and one more for each that is not listed there; none below `Project.scripts`.',
    extensions: {
      ...requiresScopes('scripts:read'),
      ...costs(getExecutions, { items: () => USUAL_DAYS, batchedBy: getProjectExecutions }),
    },
    resolve: (script, _args, context) =>
      executionsOf(context).load({ scriptId: usable(script, 'id'), projectId: script.project_id }),
  }),
);

/**
 * Two or more scripts of a project are one call: the executions of the project. A script that the API does not list there
 * is asked for by itself, and so is one that is wanted alone.
 */
function fetchExecutions(api: Api, wanted: readonly Whose[], context: Context) {
  const listings = projectExecutionsOf(context);
  const counts = new Map<string, number>();
  for (const { projectId } of wanted) {
    if (projectId !== undefined) counts.set(projectId, (counts.get(projectId) ?? 0) + 1);
  }
  const isTogether = (projectId: string) => (counts.get(projectId) ?? 0) > 1 || listings.known.has(projectId);

  const fetchOne = async ({ scriptId, projectId }: Whose): Promise<DayCount[]> => {
    const listed =
      projectId !== undefined && isTogether(projectId)
        ? await findListed(context, projectId, scriptId)
        : undefined;
    return listed ?? getExecutions(api, { script_id: scriptId });
  };
  return Promise.all(wanted.map((whose) => fetchOne(whose).catch(errorOf)));
}

/** The executions of a script as its project lists them; undefined when it does not, or cannot be asked. */
async function findListed(context: Context, projectId: string, scriptId: string) {
  try {
    const { scripts = [] } = await projectExecutionsOf(context).load(projectId);
    return scripts.find(({ id }) => id === scriptId)?.executions;
  } catch (error) {
    // A caller may have access to the script, but not to its project.
    if (isAnsweredWithout(error) || isAccessDenied(error)) return undefined;
    throw error;
  }
}

/** The part of a project's executions that is about its scripts. */
const LISTED: readonly string[] = ['id', 'name', 'executions'];

builder.objectField(Project, 'executions', (t) =>
  t.field({
    type: [Execution],
    nullable: true,
    description:
      'Executions per day of all scripts together, in the order in which the API lists them; null, with an error here, if they cannot be read. Together with `scripts`: one REST call.',
    extensions: {
      ...requiresScopes('projects:read'),
      ...costs(getProjectExecutions, { items: () => USUAL_DAYS, isShared: true }),
    },
    resolve: async (project, _args, context) =>
      usable(await projectExecutionsOf(context).load(usable(project, 'id')), 'total'),
  }),
);

builder.objectField(Project, 'scripts', (t) =>
  t.field({
    type: [Script],
    nullable: { list: true, items: true },
    description: `The scripts that the API lists in the project's executions: the only list of scripts that it has. Whether it lists those without executions is not documented. Costs one REST call, together with \`executions\`. The ids, names and executions of the scripts cost nothing more; any other field costs one for each of them, for the first ${MAX_READ} scripts. One that cannot be read is null, with an error at its index; so is the list, with an error here.`,
    extensions: {
      ...requiresScopes('projects:read', 'scripts:read'),
      ...costs(getProjectExecutions, {
        items: () => MAX_READ,
        isShared: true,
        item: { endpoint: getScript, freeFields: LISTED },
      }),
    },
    resolve: async (project, _args, context, info) => {
      const executions = await projectExecutionsOf(context).load(usable(project, 'id'));
      const scripts = usable(executions, 'scripts');
      const isListed = selectsOnlyBelow(info, 'Script', LISTED);
      return scripts.map((listed, index) => {
        try {
          const id = usable(listed, 'id');
          keepExecutions(context, id, listed);
          // Enough of a script for what is selected of it.
          if (isListed) return listed;
          if (index >= MAX_READ) throw tooMany('The project has', scripts.length, 'scripts', LISTED);
          return Script.loaderOf(context).load(id);
        } catch (error) {
          return errorOf(error);
        }
      }) as never;
    },
  }),
);

/** A script's own executions are known once they are listed here; unusable ones are not asked for elsewhere. */
function keepExecutions(context: Context, scriptId: string, listed: ListedScript): void {
  const executions = executionsOf(context);
  try {
    executions.known.set(scriptId, usable(listed, 'executions'));
  } catch (error) {
    executions.prime({ scriptId }, errorOf(error));
  }
}
