import { checkProject } from '../callers/resource-access.ts';
import { usable } from '../luaauth/decoders.ts';
import { getProject, type Project as ProjectShape } from '../luaauth/projects.ts';
import { getScript, script } from '../luaauth/scripts.ts';
import { costs } from '../plan/cost.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import { defineEntity } from './entity.ts';
import { Project, TOLD_WITHOUT_PROJECT } from './project.ts';
import { setting } from './wire-fields.ts';

/** The fields that an edit can change. */
export const SCRIPT_SETTINGS = {
  freeForAll: setting('Boolean', 'free_for_all', 'Whether users may execute the script without a key.'),
  useHeartbeat: setting(
    'Boolean',
    'use_heartbeat',
    'Whether users go on being checked after the first verification.',
  ),
  kickOutdated: setting('Boolean', 'kick_outdated', 'Whether users who run an old version are kicked.'),
  requireSessions: setting('Boolean', 'require_sessions', 'Whether users without WebSockets are refused.'),
};

export const Script = defineEntity('Script', {
  resource: script,
  read: getScript,
  scope: 'scripts:read',
  one: 'One script. An id that is unknown or belongs to another account is an error at this field (FORBIDDEN: LuaAuth does not tell the two apart). Costs one REST call.',
  several: 'Costs one REST call for each distinct id.',
  isRefetchable: true,
  description:
    'A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often it is selected.',
  fields: (wire, t) => ({
    id: wire.id('id', "The script's id in LuaAuth."),
    project: t.field({
      type: Project,
      nullable: true,
      description:
        'The project that the script belongs to; null, with an error here, if it cannot be read. Its id alone costs no REST call, its executions and scripts theirs, anything else one for each distinct project.',
      extensions: costs(getProject, { freeFields: TOLD_WITHOUT_PROJECT }),
      resolve: (script, _args, context, info) => {
        const id = usable(script, 'project_id');
        // Its id alone takes no call, which would be checked.
        checkProject(context.caller.permissions, id);
        if (selectsOnlyBelow(info, 'Project', TOLD_WITHOUT_PROJECT)) return { id } as ProjectShape;
        return Project.loaderOf(context).peek(id) ?? id;
      },
    }),
    name: wire.string('name', "The script's name."),
    ...wire.settings(SCRIPT_SETTINGS),
    enabled: wire.boolean('enabled', 'Whether the script can be executed at all.'),
    totalExecutions: wire.count('total_executions', 'How often the script has been executed.'),
    totalSessions: wire.count(
      'total_sessions',
      'The total of sessions as LuaAuth counts it; it need not equal the length of `sessions`.',
    ),
    totalInstances: wire.count('total_instances', 'The total of instances as LuaAuth counts it.'),
  }),
});
