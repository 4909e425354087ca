import { needs } from '../callers/needs.ts';
import type { RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { editScript } from '../luaauth/scripts.ts';
import type { WireScriptEdit } from '../luaauth/wire.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { type EditFields, inputNamesOf, nothingToEdit, readEdit, settingText } from './edit-input.ts';
import { resolveResultType, runMutation, type Success, scriptSuccess } from './mutation.ts';
import {
  AccountExpired,
  InvalidFields,
  NothingToEdit,
  NotPermitted,
  TierTooLow,
  UnknownRefusal,
} from './refusal.ts';

const FIELDS = {
  name: { wireName: 'name', write: settingText },
  freeForAll: { wireName: 'free_for_all' },
  useHeartbeat: { wireName: 'use_heartbeat' },
  kickOutdated: { wireName: 'kick_outdated' },
  requireSessions: { wireName: 'require_sessions' },
} as const satisfies EditFields;

const INPUT_NAMES = inputNamesOf(FIELDS, { script_id: 'id' });

const EditScriptSuccess = scriptSuccess('EditScriptSuccess', 'LuaAuth has changed the settings.');

const EditScriptResult = builder.unionType('EditScriptResult', {
  description: 'What came of editScript.',
  types: [
    EditScriptSuccess,
    AccountExpired,
    NothingToEdit,
    TierTooLow,
    InvalidFields,
    NotPermitted,
    UnknownRefusal,
  ],
  resolveType: resolveResultType,
});

const EditScriptInput = builder.inputType('EditScriptInput', {
  description:
    'The settings to change. An absent field stays as it is. None can be cleared, so null and an empty name are refused.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the script.' }),
    name: t.string({ description: 'The new name of the script.' }),
    freeForAll: t.boolean({ description: 'Whether users may execute the script without a key.' }),
    useHeartbeat: t.boolean({
      description: 'Whether users go on being checked after the first verification.',
    }),
    kickOutdated: t.boolean({ description: 'Whether users who run an old version are kicked.' }),
    requireSessions: t.boolean({ description: 'Whether users without WebSockets are refused.' }),
  }),
});

builder.mutationFields((t) => ({
  editScript: t.field({
    type: EditScriptResult,
    description:
      "Changes a script's settings. An absent field stays as it is. Doing it twice is the same as once. Costs one REST call, two when the script is selected.",
    extensions: { ...needs('scripts:write'), ...costs('POST /scripts/:script_id/edit') },
    args: {
      input: t.arg({
        type: EditScriptInput,
        required: true,
        description: 'The script and its new settings.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      const edit = readEdit<WireScriptEdit>(input, FIELDS);
      if (Object.keys(edit).length === 0) return nothingToEdit(FIELDS);
      return runMutation<Success<'EditScriptSuccess'>, RefusalResult>(
        context,
        { type: 'EditScriptSuccess', scriptId: id },
        (api) => editScript(api, { script_id: id }, edit),
        INPUT_NAMES,
      );
    },
  }),
}));
