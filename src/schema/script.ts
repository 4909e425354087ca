import { needs } from '../callers/needs.ts';
import { checkProject } from '../callers/reach.ts';
import { costs, costsEach, lengthOf } from '../limits/cost.ts';
import { usable, usableProperty } from '../luaauth/decoders.ts';
import type { Project as ProjectShape } from '../luaauth/projects.ts';
import { getScript, type Script as ScriptShape } from '../luaauth/scripts.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, loadBy } from './loader.ts';
import { Project, projectsOf, TOLD_WITHOUT_PROJECT } from './project.ts';
import { lookAhead, selectsOnly } from './selection.ts';

const read = needs('scripts:read');

/** The operation's scripts. */
export const scriptsOf = defineLoader((api, id: string) => getScript(api, { script_id: id }));

export const Script = builder.loadableObjectRef<ScriptShape, string>('Script', {
  load: (ids, context) => scriptsOf(context).loadMany(ids),
});
loadBy(Script, scriptsOf);
Script.implement({
  description:
    'A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often it is selected.',
  extensions: { ...read, ...costs('GET /scripts/:script_id') },
  directives: { fetchable: { field_name: 'id' } },
  fields: (t) => ({
    id: t.id({ description: "The script's id in LuaAuth.", extensions: read, resolve: usableProperty('id') }),
    project: t.field({
      type: Project,
      nullable: true,
      description:
        'The project that the script belongs to; null, with an error here, if it cannot be read. Its id alone costs no REST call, its executions and scripts theirs, anything else one for each distinct project.',
      extensions: { ...read, ...costs('GET /projects/:project_id', { freeFields: TOLD_WITHOUT_PROJECT }) },
      resolve: (script, _args, context, info) => {
        const id = usable(script, 'project_id');
        // Its id alone takes no call, which would be checked.
        checkProject(context.caller.grant, id);
        if (selectsOnly(info, 'Project', TOLD_WITHOUT_PROJECT)) return { id } as ProjectShape;
        return projectsOf(context).peek(id) ?? id;
      },
    }),
    name: t.string({ description: "The script's name.", extensions: read, resolve: usableProperty('name') }),
    freeForAll: t.boolean({
      description: 'Whether users may execute the script without a key.',
      extensions: read,
      resolve: usableProperty('free_for_all'),
    }),
    useHeartbeat: t.boolean({
      description: 'Whether users go on being checked after the first verification.',
      extensions: read,
      resolve: usableProperty('use_heartbeat'),
    }),
    kickOutdated: t.boolean({
      description: 'Whether users who run an old version are kicked.',
      extensions: read,
      resolve: usableProperty('kick_outdated'),
    }),
    requireSessions: t.boolean({
      description: 'Whether users without WebSockets are refused.',
      extensions: read,
      resolve: usableProperty('require_sessions'),
    }),
    enabled: t.boolean({
      description: 'Whether the script can be executed at all.',
      extensions: read,
      resolve: usableProperty('enabled'),
    }),
    totalExecutions: t.field({
      type: 'SafeInt',
      description: 'How often the script has been executed.',
      extensions: read,
      resolve: usableProperty('total_executions'),
    }),
    totalSessions: t.field({
      type: 'SafeInt',
      description: 'The total of sessions as LuaAuth counts it; it need not equal the length of `sessions`.',
      extensions: read,
      resolve: usableProperty('total_sessions'),
    }),
    totalInstances: t.field({
      type: 'SafeInt',
      description: 'The total of instances as LuaAuth counts it.',
      extensions: read,
      resolve: usableProperty('total_instances'),
    }),
  }),
});

builder.asEntity(Script, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => scriptsOf(context).load(id),
});

builder.queryFields((t) => ({
  script: t.field({
    type: Script,
    nullable: true,
    description:
      'One script. An id that is unknown or belongs to another account is an error at this field (FORBIDDEN: LuaAuth does not tell the two apart). Costs one REST call.',
    extensions: { ...read, ...costs('GET /scripts/:script_id') },
    args: { id: t.arg.id({ required: true, description: 'The id of the script.' }) },
    resolve: (_root, { id }, _context, info) => {
      lookAhead(info, 'Script')(checkId('id', id));
      return id;
    },
  }),
  scripts: t.field({
    type: [Script],
    nullable: { list: false, items: true },
    description:
      'Several scripts in the order of ids. One that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct id.',
    extensions: { ...read, ...costsEach('GET /scripts/:script_id', lengthOf('ids')) },
    args: {
      ids: t.arg.idList({
        required: true,
        description: 'The ids of the scripts; one that is repeated costs nothing.',
      }),
    },
    resolve: (_root, { ids }, context, info) => {
      const check = lookAhead(info, 'Script');
      return ids.map((id, index) => {
        try {
          check(checkId(`ids[${index}]`, id), index);
          return scriptsOf(context).load(id);
        } catch (error) {
          return error as Error;
        }
      }) as never;
    },
  }),
}));
