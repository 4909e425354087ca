import { needs, needsNothingMore } from '../callers/needs.ts';
import { isOutOfReach } from '../callers/reach.ts';
import type { Context } from '../context.ts';
import { costs } from '../limits/cost.ts';
import type { Api } from '../luaauth/api.ts';
import { usable, usableProperty } from '../luaauth/decoders.ts';
import type { DayCount } from '../luaauth/executions.ts';
import { isAnsweredWithout } from '../luaauth/refusal.ts';
import { getExecutions } from '../luaauth/scripts.ts';
import { builder } from './builder.ts';
import { defineBatchLoader, errorOf } from './loader.ts';
import { projectExecutionsOf } from './project.ts';
import { Script } from './script.ts';

/** Whose executions are wanted. */
interface Whose {
  readonly scriptId: string;
  /** Undefined: not known. */
  readonly projectId?: string | undefined;
}

/** The executions of the operation's scripts. */
export const executionsOf = defineBatchLoader(fetchExecutions, ({ scriptId }: Whose) => scriptId);

/** The API does not say how many days it lists; an answer of more is counted when it is there. */
export const USUAL_DAYS = 31;

export const Execution = builder.objectRef<DayCount>('Execution').implement({
  extensions: needsNothingMore,
  description: 'How often a script, or all scripts of a project, were executed on one day.',
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
      'Executions per day, in the order in which the API lists them; how many days it lists is not documented. Costs one REST call; one for two or more scripts of a project together, and one more for each that is not listed there; none below `Project.scripts`.',
    extensions: {
      ...needs('scripts:read'),
      ...costs('GET /scripts/:script_id/executions', {
        items: () => USUAL_DAYS,
        together: 'GET /projects/:project_id/executions',
      }),
    },
    resolve: (script, _args, context) =>
      executionsOf(context).load({ scriptId: usable(script, 'id'), projectId: script.project_id }),
  }),
);

/**
 * Two or more scripts of a project are one call: the executions of the project. A script that the API does not list there
 * is asked for by itself, and so is one that is wanted alone.
 */
function fetchExecutions(
  api: Api,
  wanted: readonly Whose[],
  context: Context,
): Promise<readonly (DayCount[] | Error)[]> {
  const listings = projectExecutionsOf(context);
  const counts = new Map<string, number>();
  for (const { projectId } of wanted) {
    if (projectId !== undefined) counts.set(projectId, (counts.get(projectId) ?? 0) + 1);
  }
  const isTogether = (projectId: string) =>
    (counts.get(projectId) ?? 0) > 1 || listings.peek(projectId) !== undefined;

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
async function findListed(
  context: Context,
  projectId: string,
  scriptId: string,
): Promise<DayCount[] | undefined> {
  try {
    const { scripts = [] } = await projectExecutionsOf(context).load(projectId);
    return scripts.find(({ id }) => id === scriptId)?.executions;
  } catch (error) {
    // A caller may reach the script, but not its project.
    if (isAnsweredWithout(error) || isOutOfReach(error)) return undefined;
    throw error;
  }
}
