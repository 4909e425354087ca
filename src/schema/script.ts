import { checkProject } from '../callers/resource-access.ts';
import { usable } from '../luaauth/decoders.ts';
import { getProject, type Project as ProjectShape } from '../luaauth/projects.ts';
import { editScript, getScript, removeScript, toggleScript, updateScript } from '../luaauth/scripts.ts';
import { selectsOnlyFree } from '../plan/look-ahead.ts';
import { checkFilled, checkId } from './argument.ts';
import { builder } from './builder.ts';
import { byId, byIds, refetchable } from './by-id.ts';
import { defineMutation } from './define-mutation.ts';
import { loadableRef } from './loader.ts';
import { idField, nameField, type Settings } from './mutation-input.ts';
import { Project, TOLD_WITHOUT_PROJECT } from './project.ts';

const SETTINGS = {
  freeForAll: {
    type: 'Boolean',
    wire: 'free_for_all',
    description: 'Whether users may execute the script without a key.',
  },
  useHeartbeat: {
    type: 'Boolean',
    wire: 'use_heartbeat',
    description: 'Whether users are checked again after the first verification.',
  },
  kickOutdated: {
    type: 'Boolean',
    wire: 'kick_outdated',
    description: 'Whether users who run an old version are kicked.',
  },
  requireSessions: {
    type: 'Boolean',
    wire: 'require_sessions',
    description: 'Whether users without WebSockets are refused.',
  },
} as const satisfies Settings;

export const Script = loadableRef('Script', (api, script_id) => getScript(api, { script_id }));

const READ = {
  scopes: ['scripts:read'],
  cost: getScript,
  entityKey: { field: 'id', check: checkId },
} as const;

builder.objectType(Script, {
  ...READ,
  directives: { fetchable: { field_name: 'id' } },
  description:
    'A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The script's id in LuaAuth." }),
    project: t.field({
      type: Project,
      nullable: true,
      description:
        'The project that the script belongs to; null, with an error here, if it cannot be read. The id alone costs no REST call; executions, scripts and ad systems cost their own calls. Any other field costs one call for each distinct project.',
      cost: { endpoint: getProject, freeFields: TOLD_WITHOUT_PROJECT },
      usesInfo: true,
      resolve: (script, _args, { caller }, info) => {
        const id = usable(script, 'project_id');
        // Selecting the id alone makes no REST call, so no call would check access.
        checkProject(caller.grant, id);
        return selectsOnlyFree(info) ? ({ id } as ProjectShape) : id;
      },
    }),
    name: t.exposeString('name', { description: "The script's name." }),
    freeForAll: t.exposeBoolean('free_for_all', SETTINGS.freeForAll),
    useHeartbeat: t.exposeBoolean('use_heartbeat', SETTINGS.useHeartbeat),
    kickOutdated: t.exposeBoolean('kick_outdated', SETTINGS.kickOutdated),
    requireSessions: t.exposeBoolean('require_sessions', SETTINGS.requireSessions),
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

byId('script', Script, READ, {
  description:
    'One script. An id that is unknown or belongs to another account is an error at this field (FORBIDDEN: LuaAuth does not tell the two apart). Costs one REST call.',
  argument: 'The id of the script.',
});

byIds(Script, READ, 'The ids of the scripts.');

refetchable(Script, READ);

const again = { type: Script, noun: 'script', scope: 'scripts:read', endpoint: getScript } as const;

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
  success: { description: 'LuaAuth has changed the settings.', reads: again },
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
  success: { description: 'LuaAuth has replaced the source code.', reads: again },
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
  success: { description: 'LuaAuth has enabled or disabled the script.', reads: again },
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
    fields: (t) => ({
      deletedScriptId: t.id({
        description: 'The id of the deleted script.',
        resolve: ({ params }) => params.script_id,
      }),
    }),
  },
});
