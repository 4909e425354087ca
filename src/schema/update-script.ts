import { needs } from '../callers/needs.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { costs } from '../limits/cost.ts';
import { updateScript } from '../luaauth/scripts.ts';
import { checkId, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation, scriptSuccess } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

const UpdateScriptSuccess = scriptSuccess('UpdateScriptSuccess', 'LuaAuth has replaced the source code.');

const UpdateScriptResult = builder.unionType('UpdateScriptResult', {
  description: 'What came of updateScript.',
  types: [UpdateScriptSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const UpdateScriptInput = builder.inputType('UpdateScriptInput', {
  description: 'A script and its new source code.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the script.' }),
    source: t.string({
      required: true,
      description:
        'The whole source code. It reaches LuaAuth character for character; send it as a variable.',
    }),
  }),
});

builder.mutationFields((t) => ({
  updateScript: t.field({
    type: UpdateScriptResult,
    description:
      "Replaces a script's source code. LuaAuth may take it for a new version each time. Costs one REST call, two when the script is selected.",
    extensions: { ...needs('scripts:source'), ...costs('POST /scripts/:script_id/update') },
    args: {
      input: t.arg({
        type: UpdateScriptInput,
        required: true,
        description: 'The script and its new source.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      if (input.source === '') throw badUserInput('input.source', 'it is empty. Give the whole source code.');
      const script = checkWellFormed('input.source', input.source);
      return runMutation(
        context,
        { type: 'UpdateScriptSuccess', scriptId: id },
        (api) => updateScript(api, { script_id: id }, { script }),
        { script_id: 'id', script: 'source' },
      );
    },
  }),
}));
