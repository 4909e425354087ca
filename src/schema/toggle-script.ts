import { needs } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { toggleScript } from '../luaauth/scripts.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation, scriptSuccess } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

const ToggleScriptSuccess = scriptSuccess(
  'ToggleScriptSuccess',
  'LuaAuth has enabled or disabled the script.',
);

const ToggleScriptResult = builder.unionType('ToggleScriptResult', {
  description: 'What came of toggleScript.',
  types: [ToggleScriptSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const ToggleScriptInput = builder.inputType('ToggleScriptInput', {
  description: 'A script and whether it is to be enabled.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the script.' }),
    enabled: t.boolean({ required: true, description: 'Whether the script can be executed.' }),
  }),
});

builder.mutationFields((t) => ({
  toggleScript: t.field({
    type: ToggleScriptResult,
    description:
      'Enables or disables a script. It sets the state rather than flipping it: doing it twice is the same as once. Costs one REST call, two when the script is selected.',
    extensions: { ...needs('scripts:write'), ...costs('POST /scripts/:script_id/toggle') },
    args: {
      input: t.arg({ type: ToggleScriptInput, required: true, description: 'The script and its new state.' }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      return runMutation(
        context,
        { type: 'ToggleScriptSuccess', scriptId: id },
        (api) => toggleScript(api, { script_id: id }, { state: input.enabled }),
        { script_id: 'id', state: 'enabled' },
      );
    },
  }),
}));
