import { needs } from '../callers/needs.ts';
import type { Context } from '../context.ts';
import { codedError } from '../errors/coded-error.ts';
import { costs } from '../limits/cost.ts';
import { usable } from '../luaauth/decoders.ts';
import type { ListedScript } from '../luaauth/projects.ts';
import type { Script as ScriptShape } from '../luaauth/scripts.ts';
import { builder } from './builder.ts';
import { Execution, executionsOf, USUAL_DAYS } from './execution.ts';
import { errorOf } from './loader.ts';
import { Project, projectExecutionsOf } from './project.ts';
import { Script, scriptsOf } from './script.ts';
import { lookAhead, selectsOnly } from './selection.ts';

const ENDPOINT = 'GET /projects/:project_id/executions';

/** What the executions of a project tell of its scripts. */
const LISTED: readonly string[] = ['id', 'name', 'executions'];

/** How many scripts are read one by one: nobody knows how many there are before they are listed. */
const MAX_READ = 100;

builder.objectField(Project, 'executions', (t) =>
  t.field({
    type: [Execution],
    description:
      'Executions per day of all scripts together, in the order in which the API lists them. Together with `scripts`: one REST call.',
    extensions: {
      ...needs('projects:read'),
      ...costs(ENDPOINT, { items: () => USUAL_DAYS, isShared: true }),
    },
    resolve: async (project, _args, context) =>
      usable(await projectExecutionsOf(context).load(usable(project, 'id')), 'total'),
  }),
);

builder.objectField(Project, 'scripts', (t) =>
  t.field({
    type: [Script],
    nullable: { list: false, items: true },
    description: `The scripts that the API lists in the project's executions: the only list of scripts that it has. Whether it lists those without executions is not documented. Costs one REST call, together with \`executions\`. The ids, names and executions of the scripts cost nothing more; any other field costs one for each of them, for the first ${MAX_READ} scripts. One that cannot be read is null, with an error at its index.`,
    extensions: {
      ...needs('projects:read', 'scripts:read'),
      ...costs(ENDPOINT, {
        items: () => MAX_READ,
        isShared: true,
        item: { endpoint: 'GET /scripts/:script_id', freeFields: LISTED },
      }),
    },
    resolve: async (project, _args, context, info) => {
      const { scripts } = await loadListed(context, usable(project, 'id'));
      const check = lookAhead(info, 'Script');
      const isListed = selectsOnly(info, 'Script', LISTED);
      return scripts.map((listed, index) => {
        try {
          const id = usable(listed, 'id');
          keepExecutions(context, id, listed);
          check(id, index);
          if (isListed) return listedScript(listed);
          if (index >= MAX_READ) throw tooMany(scripts.length);
          return scriptsOf(context).load(id);
        } catch (error) {
          return errorOf(error);
        }
      }) as never;
    },
  }),
);

async function loadListed(context: Context, projectId: string) {
  const executions = await projectExecutionsOf(context).load(projectId);
  return { scripts: usable(executions, 'scripts') };
}

/** What is listed of a script is known from then on; what is not usable there is not asked for elsewhere. */
function keepExecutions(context: Context, scriptId: string, listed: ListedScript): void {
  const executions = executionsOf(context);
  try {
    executions.put({ scriptId }, usable(listed, 'executions'));
  } catch (error) {
    executions.prime({ scriptId }, errorOf(error));
  }
}

/** Enough of a script for what is selected of it. */
function listedScript({ id, name, object, from }: ListedScript): ScriptShape {
  return { id, name, object, from } as ScriptShape;
}

function tooMany(length: number) {
  return codedError(
    'OPERATION_TOO_EXPENSIVE',
    `The project has ${length} scripts, and at most ${MAX_READ} are read one by one. Read this one with scripts(ids:), or select only ${LISTED.join(', ')}.`,
    { found: length, limit: MAX_READ },
  );
}
