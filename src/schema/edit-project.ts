import { needs } from '../callers/needs.ts';
import type { RefusalResult } from '../errors/refusals.ts';
import { costs } from '../limits/cost.ts';
import { editProject, type Project as ProjectShape } from '../luaauth/projects.ts';
import type { WireProjectEdit } from '../luaauth/wire.ts';
import { checkId, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { type EditFields, inputNamesOf, nothingToEdit, readEdit, settingText } from './edit-input.ts';
import { resolveResultType, runMutation } from './mutation.ts';
import { Project, projectsOf } from './project.ts';
import { AccountExpired, InvalidFields, NothingToEdit, NotPermitted, UnknownRefusal } from './refusal.ts';

const webhook = (wireName: keyof WireProjectEdit) => ({
  wireName,
  isClearable: true,
  write: checkWellFormed,
});

const FIELDS = {
  name: { wireName: 'name', write: settingText },
  fingerprintResetCooldownMs: { wireName: 'fingerprint_reset_cooldown' },
  allowFingerprintResets: { wireName: 'allow_fingerprint_resets' },
  deleteExpiredUsers: { wireName: 'delete_expired_users' },
  executionWebhook: webhook('execution_webhook'),
  informationWebhook: webhook('information_webhook'),
  blacklistWebhook: webhook('blacklist_webhook'),
} as const satisfies EditFields;

const INPUT_NAMES = inputNamesOf(FIELDS, { project_id: 'id' });

interface EditedProject {
  readonly type: 'EditProjectSuccess';
  readonly projectId: string;
  /** As the write has answered. */
  project: ProjectShape | undefined;
}

const EditProjectSuccess = builder.objectRef<EditedProject>('EditProjectSuccess').implement({
  description: 'LuaAuth has changed the settings.',
  isTypeOf: (value) => (value as EditedProject).type === 'EditProjectSuccess',
  fields: (t) => ({
    project: t.field({
      type: Project,
      description: 'The project after the write. It comes with the answer and costs no further REST call.',
      // Should the answer carry none, the project is read.
      extensions: needs('projects:read'),
      resolve: ({ project, projectId }) => project ?? projectId,
    }),
  }),
});

const EditProjectResult = builder.unionType('EditProjectResult', {
  description: 'What came of editProject.',
  types: [EditProjectSuccess, AccountExpired, NothingToEdit, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const CLEARS = 'A secret. Null clears it.';

const EditProjectInput = builder.inputType('EditProjectInput', {
  description:
    'The settings to change. An absent field stays as it is. Null clears a webhook, as an empty string does; nothing else can be cleared.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the project.' }),
    name: t.string({ description: 'The new name of the project.' }),
    fingerprintResetCooldownMs: t.field({
      type: 'SafeInt',
      description: 'How long users must wait between two resets of their fingerprint, in ms.',
    }),
    allowFingerprintResets: t.boolean({
      description: 'Whether users may reset their own fingerprint. A forced reset ignores it.',
    }),
    deleteExpiredUsers: t.boolean({
      description: 'Whether users are deleted 15 minutes after their key has expired.',
    }),
    executionWebhook: t.string({ description: `The URL to which executions are posted. ${CLEARS}` }),
    informationWebhook: t.string({ description: `The URL to which information is posted. ${CLEARS}` }),
    blacklistWebhook: t.string({ description: `The URL to which blacklists are posted. ${CLEARS}` }),
  }),
});

builder.mutationFields((t) => ({
  editProject: t.field({
    type: EditProjectResult,
    description:
      "Changes a project's settings. An absent field stays as it is. Doing it twice is the same as once. Costs one REST call, also when the project is selected.",
    extensions: { ...needs('projects:write'), ...costs('POST /projects/:project_id/edit') },
    args: {
      input: t.arg({
        type: EditProjectInput,
        required: true,
        description: 'The project and its new settings.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      const edit = readEdit<WireProjectEdit>(input, FIELDS);
      if (Object.keys(edit).length === 0) return nothingToEdit(FIELDS);
      const success: EditedProject = { type: 'EditProjectSuccess', projectId: id, project: undefined };
      const write = editProjectOf(success, edit);
      const result = await runMutation<EditedProject, RefusalResult>(context, success, write, INPUT_NAMES);
      if (success.project) projectsOf(context).put(id, success.project);
      return result;
    },
  }),
}));

function editProjectOf(success: EditedProject, edit: WireProjectEdit) {
  return async (api: Parameters<typeof editProject>[0]) => {
    success.project = await editProject(api, { project_id: success.projectId }, edit);
  };
}
