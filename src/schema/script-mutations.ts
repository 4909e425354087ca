import { badUserInput } from '../errors/coded-error.ts';
import { editScript, removeScript, toggleScript, updateScript } from '../luaauth/scripts.ts';
import { checkWellFormed } from './argument.ts';
import { defineMutation, idField, nameField } from './define-mutation.ts';
import { SCRIPT_SETTINGS, Script } from './script.ts';

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
    fields: {
      id,
      name: nameField('The new name of the script.'),
      ...SCRIPT_SETTINGS,
    },
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
  input: {
    description: 'The script to delete.',
    fields: { id },
  },
  success: {
    description: 'LuaAuth has deleted the script.',
    fields: (t) => ({
      deletedScriptId: t.id({
        description: 'The id of the script that is gone.',
        resolve: ({ params }) => params.script_id,
      }),
    }),
  },
});
