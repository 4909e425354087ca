import type { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import { getProjectExecutions } from '../luaauth/executions.ts';
import { editProject, getProject, project, removeProject } from '../luaauth/projects.ts';
import { builder } from './builder.ts';
import { defineMutation } from './define-mutation.ts';
import { loadableRef } from './loadable-ref.ts';
import { defineLoader } from './loader.ts';
import { idField, nameField } from './mutation-input.ts';
import { exposeSettings, secretSetting, setting } from './setting.ts';

export const projectExecutionsOf = defineLoader('executions of a project', (api, id: string) =>
  getProjectExecutions(api, { project_id: id }),
);

/** The fields of a project that need only its id: all but the id have their own call. */
export const TOLD_WITHOUT_PROJECT: readonly string[] = ['id', 'executions', 'scripts', 'adSystems'];

const SETTINGS = {
  fingerprintResetCooldownMs: setting(
    'SafeInt',
    'fingerprint_reset_cooldown',
    'How long users must wait between two resets of their fingerprint, in ms.',
  ),
  allowFingerprintResets: setting(
    'Boolean',
    'allow_fingerprint_resets',
    'Whether users may reset their own fingerprint. A forced reset ignores it.',
  ),
  deleteExpiredUsers: setting(
    'Boolean',
    'delete_expired_users',
    'Whether users are deleted 15 minutes after their key has expired.',
  ),
  executionWebhook: webhook('execution_webhook', 'executions are'),
  informationWebhook: webhook('information_webhook', 'information is'),
  blacklistWebhook: webhook('blacklist_webhook', 'blacklists are'),
};

function webhook<const Wire extends string>(wire: Wire, isPosted: string) {
  const url = `The URL to which ${isPosted} posted. A secret`;
  return secretSetting(
    wire,
    `${url}: anybody with the URL of a Discord webhook can post to it. Null: none is set.`,
    `${url}. Null clears it.`,
  );
}

export const Project = loadableRef('Project', { resource: project, read: getProject });

builder.objectType(Project, {
  scopes: ['projects:read'],
  cost: getProject,
  description:
    'A project, to which scripts and users belong. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The project's id in LuaAuth." }),
    name: t.exposeString('name', { description: "The project's name." }),
    ...exposeSettings(t, SETTINGS),
    totalExecutions: t.expose('total_executions', {
      type: 'SafeInt',
      description: 'How often the scripts of the project have been executed.',
    }),
  }),
});

builder.queryFields((t) => ({
  project: t.one(Project, {
    description:
      'One project. An id that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  }),
  projects: t.several(Project, { costs: 'Costs as much as `project` for each distinct id.' }),
}));

/** How many items of a list are read with a call each. The length of a list is unknown before it is read. */
export const MAX_READ = 100;

/** The error of each item past `MAX_READ`. The list itself contains only some fields of it. */
export function tooMany(has: string, found: number, field: string, listed: readonly string[]): GraphQLError {
  return codedError(
    'OPERATION_TOO_EXPENSIVE',
    `${has} ${found} ${field}, and at most ${MAX_READ} are read one by one. Read this one with ${field}(ids:), or select only ${listed.join(', ')}.`,
    { found, limit: MAX_READ },
  );
}

const id = idField('project_id', 'The id of the project.');

defineMutation({
  name: 'editProject',
  effect: 'sets',
  description:
    "Changes a project's settings. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, also when the project is selected.",
  scope: 'projects:write',
  endpoint: editProject,
  isEdit: true,
  input: {
    description:
      'The settings to change. An absent field stays as it is. Null or an empty string clears a webhook; no other field can be cleared.',
    fields: {
      id,
      name: nameField('The new name of the project.'),
      ...SETTINGS,
    },
  },
  success: {
    description: 'LuaAuth has changed the settings.',
    fields: (t) => ({
      project: t.field({
        type: Project,
        description: 'The project after the write. It comes with the answer and costs no further REST call.',
        scopes: ['projects:read'],
        resolve: ({ answer, params }) => answer ?? params.project_id,
      }),
    }),
  },
  done: ({ params, answer }, context) => {
    if (answer) Project.loaderOf(context).values.set(params.project_id, answer);
  },
});

defineMutation({
  name: 'deleteProject',
  effect: 'ends',
  description:
    'Deletes a project for good. LuaAuth does not document what happens to its scripts and users. LuaAuth refuses a second deletion as NotPermitted. Costs one REST call.',
  scope: 'projects:delete',
  endpoint: removeProject,
  input: { description: 'The project to delete.', fields: { id } },
  success: {
    description: 'LuaAuth has deleted the project.',
    id: ['deletedProjectId', 'The id of the deleted project.'],
  },
});
