import { checkProject } from '../callers/resource-access.ts';
import { usable } from '../luaauth/decoders.ts';
import { getProject } from '../luaauth/projects.ts';
import {
  editScript,
  getScript,
  removeScript,
  script,
  toggleScript,
  updateScript,
} from '../luaauth/scripts.ts';
import { freeOf } from '../plan/cost.ts';
import { checkFilled } from './argument.ts';
import { builder } from './builder.ts';
import { defineMutation } from './define-mutation.ts';
import { loadableRef, objectNamedBy } from './loadable-ref.ts';
import { idField, nameField } from './mutation-input.ts';
import { Project, TOLD_WITHOUT_PROJECT } from './project.ts';
import { exposeSettings, setting } from './setting.ts';

const SETTINGS = {
  freeForAll: setting('Boolean', 'free_for_all', 'Whether users may execute the script without a key.'),
  useHeartbeat: setting(
    'Boolean',
    'use_heartbeat',
    'Whether users are checked again after the first verification.',
  ),
  kickOutdated: setting('Boolean', 'kick_outdated', 'Whether users who run an old version are kicked.'),
  requireSessions: setting('Boolean', 'require_sessions', 'Whether users without WebSockets are refused.'),
};

export const Script = loadableRef('Script', { resource: script, read: getScript });

const projectOf = objectNamedBy(Project, 'project_id', TOLD_WITHOUT_PROJECT);

builder.objectType(Script, {
  scopes: ['scripts:read'],
  cost: getScript,
  directives: { fetchable: { field_name: 'id' } },
  description:
    'A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The script's id in LuaAuth." }),
    project: t.field({
      type: Project,
      nullable: true,
      description:
        'The project that the script belongs to; null, with an error here, if it cannot be read. The id alone costs no REST call; executions and scripts cost their own calls. Any other field costs one call for each distinct project.',
      cost: freeOf(getProject, TOLD_WITHOUT_PROJECT),
      usesInfo: true,
      resolve: (script, args, context, info) => {
        // Selecting the id alone makes no REST call, so no call would check access.
        checkProject(context.caller.grant, usable(script, 'project_id'));
        return projectOf(script, args, context, info);
      },
    }),
    name: t.exposeString('name', { description: "The script's name." }),
    ...exposeSettings(t, SETTINGS),
    enabled: t.exposeBoolean('enabled', { description: 'Whether the script can be executed at all.' }),
    totalExecutions: t.expose('total_executions', {
      type: 'SafeInt',
      description: 'How often the script has been executed.',
    }),
    totalSessions: t.expose('total_sessions', {
      type: 'SafeInt',
      description: "LuaAuth's count of sessions. It may differ from the length of `sessions`.",
    }),
    totalInstances: t.expose('total_instances', {
      type: 'SafeInt',
      description: "LuaAuth's count of instances.",
    }),
  }),
});

builder.queryFields((t) => ({
  script: t.one(Script, {
    description:
      'One script. An id that is unknown or belongs to another account is an error at this field (FORBIDDEN: LuaAuth does not tell the two apart). Costs one REST call.',
  }),
  scripts: t.several(Script, { costs: 'Costs one REST call for each distinct id.' }),
  fetch__Script: t.refetch(Script),
}));

const id = idField('script_id', 'The id of the script.');

defineMutation({
  name: 'editScript',
  effect: 'sets',
  description:
    "Changes a script's settings. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, two when the script is selected.",
  scope: 'scripts:write',
  endpoint: editScript,
  isEdit: true,
  input: {
    description:
      'The settings to change. An absent field stays as it is. No field can be cleared, so null and an empty name are refused.',
    fields: { id, name: nameField('The new name of the script.'), ...SETTINGS },
  },
  success: { description: 'LuaAuth has changed the settings.', reads: Script },
});

defineMutation({
  name: 'updateScript',
  effect: 'repeats',
  description:
    "Replaces a script's source code. LuaAuth may count each call as a new version. Costs one REST call, two when the script is selected.",
  scope: 'scripts:source',
  endpoint: updateScript,
  input: {
    description: 'A script and its new source code.',
    fields: {
      id,
      source: {
        type: 'String',
        wire: 'script',
        isRequired: true,
        description: 'The whole source code. The gateway passes it on unchanged. Send it as a variable.',
        write: (argument: string, source: string) => checkFilled(argument, source, 'the whole source code'),
      },
    },
  },
  success: { description: 'LuaAuth has replaced the source code.', reads: Script },
});

defineMutation({
  name: 'toggleScript',
  effect: 'sets',
  description:
    'Enables or disables a script. Sets the state rather than flipping it, so repeating it has no further effect. Costs one REST call, two when the script is selected.',
  scope: 'scripts:write',
  endpoint: toggleScript,
  input: {
    description: 'A script and whether to enable it.',
    fields: {
      id,
      enabled: {
        type: 'Boolean',
        wire: 'state',
        isRequired: true,
        description: 'Whether the script can be executed.',
      },
    },
  },
  success: { description: 'LuaAuth has enabled or disabled the script.', reads: Script },
});

defineMutation({
  name: 'deleteScript',
  effect: 'ends',
  description:
    'Deletes a script for good. LuaAuth refuses a second deletion as NotPermitted. Costs one REST call.',
  scope: 'scripts:delete',
  endpoint: removeScript,
  input: { description: 'The script to delete.', fields: { id } },
  success: {
    description: 'LuaAuth has deleted the script.',
    id: ['deletedScriptId', 'The id of the deleted script.'],
  },
});
