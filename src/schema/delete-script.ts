import { needs, needsNothingMore } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { removeScript } from '../luaauth/scripts.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation, type Success } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

const DeleteScriptSuccess = builder
  .objectRef<Success<'DeleteScriptSuccess'>>('DeleteScriptSuccess')
  .implement({
    extensions: needsNothingMore,
    description: 'LuaAuth has deleted the script.',
    isTypeOf: (value) => (value as Success<string>).type === 'DeleteScriptSuccess',
    fields: (t) => ({
      deletedScriptId: t.exposeID('scriptId', { description: 'The id of the script that is gone.' }),
    }),
  });

const DeleteScriptResult = builder.unionType('DeleteScriptResult', {
  description: 'What came of deleteScript.',
  types: [DeleteScriptSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const DeleteScriptInput = builder.inputType('DeleteScriptInput', {
  description: 'The script to delete.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the script.' }),
  }),
});

builder.mutationFields((t) => ({
  deleteScript: t.field({
    type: DeleteScriptResult,
    description:
      'Deletes a script for good. A second time LuaAuth refuses it as NotPermitted. Costs one REST call.',
    extensions: { ...needs('scripts:delete'), ...costs('POST /scripts/:script_id/remove') },
    args: { input: t.arg({ type: DeleteScriptInput, required: true, description: 'The script to delete.' }) },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      return runMutation(
        context,
        { type: 'DeleteScriptSuccess', scriptId: id },
        (api) => removeScript(api, { script_id: id }),
        { script_id: 'id' },
      );
    },
  }),
}));
