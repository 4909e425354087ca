import { badUserInput } from '../errors/coded-error.ts';
import type { InputNames, RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { editScript } from '../luaauth/scripts.ts';
import type { WireScriptEdit } from '../luaauth/wire.ts';
import { checkId, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation, scriptSuccess } from './mutation.ts';
import {
  AccountExpired,
  InvalidFields,
  NothingToEdit,
  NotPermitted,
  TierTooLow,
  UnknownRefusal,
} from './refusal.ts';

const WIRE_NAMES = {
  name: 'name',
  freeForAll: 'free_for_all',
  useHeartbeat: 'use_heartbeat',
  kickOutdated: 'kick_outdated',
  requireSessions: 'require_sessions',
} as const satisfies Record<string, keyof WireScriptEdit>;

const INPUT_NAMES: InputNames = {
  script_id: 'id',
  ...Object.fromEntries(Object.entries(WIRE_NAMES).map(([input, wire]) => [wire, input])),
};

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
    extensions: costs('POST /scripts/:script_id/edit'),
    args: {
      input: t.arg({
        type: EditScriptInput,
        required: true,
        description: 'The script and its new settings.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      const edit = readEdit(input);
      if (Object.keys(edit).length === 0) return nothingToEdit;
      return runMutation<'EditScriptSuccess', RefusalResult>(
        context,
        { type: 'EditScriptSuccess', scriptId: id },
        (api) => editScript(api, { script_id: id }, edit),
        INPUT_NAMES,
      );
    },
  }),
}));

const nothingToEdit: RefusalResult = {
  type: 'NothingToEdit',
  message: `cannot edit nothing: give at least one of ${Object.keys(WIRE_NAMES).join(', ')}`,
};

function readEdit(input: typeof EditScriptInput.$inferInput): WireScriptEdit {
  const edit: Record<string, string | boolean> = {};
  for (const [name, wireName] of Object.entries(WIRE_NAMES)) {
    const value = input[name as keyof typeof WIRE_NAMES];
    if (value === undefined) continue;
    if (value === null)
      throw badUserInput(`input.${name}`, 'null is not allowed. Leave the field out to keep it as it is.');
    if (value === '')
      throw badUserInput(`input.${name}`, 'it is empty. Leave the field out to keep it as it is.');
    edit[wireName] = typeof value === 'string' ? checkWellFormed(`input.${name}`, value) : value;
  }
  return edit;
}
