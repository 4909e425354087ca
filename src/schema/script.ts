import { checkProject } from '../callers/resource-access.ts';
import { badUserInput } from '../errors/coded-error.ts';
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
import { costs } from '../plan/cost.ts';
import { checkWellFormed } from './argument.ts';
import { defineMutation, idField, nameField } from './define-mutation.ts';
import { defineEntity } from './entity.ts';
import { Project, TOLD_WITHOUT_PROJECT } from './project.ts';
import { setting } from './wire-fields.ts';

/** The fields that an edit can change. */
const SETTINGS = {
  freeForAll: setting('Boolean', 'free_for_all', 'Whether users may execute the script without a key.'),
  useHeartbeat: setting(
    'Boolean',
    'use_heartbeat',
    'Whether users go on being checked after the first verification.',
  ),
  kickOutdated: setting('Boolean', 'kick_outdated', 'Whether users who run an old version are kicked.'),
  requireSessions: setting('Boolean', 'require_sessions', 'Whether users without WebSockets are refused.'),
};

const projectOf = Project.namedBy('project_id', TOLD_WITHOUT_PROJECT);

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
      resolve: (script, args, context, info) => {
        // Its id alone takes no call, which would be checked.
        checkProject(context.caller.permissions, usable(script, 'project_id'));
        return projectOf(script, args, context, info);
      },
    }),
    name: wire.string('name', "The script's name."),
    ...wire.settings(SETTINGS),
    enabled: wire.boolean('enabled', 'Whether the script can be executed at all.'),
    totalExecutions: wire.count('total_executions', 'How often the script has been executed.'),
    totalSessions: wire.count(
      'total_sessions',
      'The total of sessions as LuaAuth counts it; it need not equal the length of `sessions`.',
    ),
    totalInstances: wire.count('total_instances', 'The total of instances as LuaAuth counts it.'),
  }),
});

const id = idField('script_id', 'The id of the script.');

defineMutation({
  name: 'editScript',
  effect: 'sets',
  description:
    "Changes a script's settings. An absent field stays as it is. Doing it twice is the same as once. Costs one REST call, two when the script is selected.",
  scope: 'scripts:write',
  endpoint: editScript,
  isEdit: true,
  input: {
    description:
      'The settings to change. An absent field stays as it is. None can be cleared, so null and an empty name are refused.',
    argument: 'The script and its new settings.',
    fields: { id, name: nameField('The new name of the script.'), ...SETTINGS },
  },
  success: { description: 'LuaAuth has changed the settings.', reads: Script },
});

defineMutation({
  name: 'updateScript',
  effect: 'repeats',
  description:
    "Replaces a script's source code. LuaAuth may take it for a new version each time. Costs one REST call, two when the script is selected.",
  scope: 'scripts:source',
  endpoint: updateScript,
  input: {
    description: 'A script and its new source code.',
    argument: 'The script and its new source.',
    fields: {
      id,
      source: {
        type: 'String',
        wire: 'script',
        isRequired: true,
        description:
          'The whole source code. It reaches LuaAuth character for character; send it as a variable.',
        write: checkSource,
      },
    },
  },
  success: { description: 'LuaAuth has replaced the source code.', reads: Script },
});

function checkSource(argument: string, source: string): string {
  if (source === '') throw badUserInput(argument, 'it is empty. Give the whole source code.');
  return checkWellFormed(argument, source);
}

defineMutation({
  name: 'toggleScript',
  effect: 'sets',
  description:
    'Enables or disables a script. It sets the state rather than flipping it: doing it twice is the same as once. Costs one REST call, two when the script is selected.',
  scope: 'scripts:write',
  endpoint: toggleScript,
  input: {
    description: 'A script and whether it is to be enabled.',
    argument: 'The script and its new state.',
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
    'Deletes a script for good. A second time LuaAuth refuses it as NotPermitted. Costs one REST call.',
  scope: 'scripts:delete',
  endpoint: removeScript,
  input: { description: 'The script to delete.', fields: { id } },
  success: {
    description: 'LuaAuth has deleted the script.',
    id: ['deletedScriptId', 'The id of the script that is gone.'],
  },
});
