import type { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import { getProjectExecutions } from '../luaauth/executions.ts';
import { editProject, getProject, removeProject } from '../luaauth/projects.ts';
import { checkId, checkWellFormed } from './argument.ts';
import { builder } from './builder.ts';
import { byId, byIds } from './by-id.ts';
import { defineMutation } from './define-mutation.ts';
import { defineLoader, loadableRef, oneByOne } from './loader.ts';
import { idField, nameField, type Settings } from './mutation-input.ts';

export const projectExecutionsOf = defineLoader(
  'executions of a project',
  oneByOne((api, project_id: string) => getProjectExecutions(api, { project_id })),
);

/** The fields of a project that need only its id: all but the id have their own call. */
export const TOLD_WITHOUT_PROJECT: readonly string[] = ['id', 'executions', 'scripts', 'adSystems'];

const SETTINGS = {
  fingerprintResetCooldownMs: {
    type: 'SafeInt',
    wire: 'fingerprint_reset_cooldown',
    description: 'How long users must wait between two resets of their fingerprint, in ms.',
  },
  allowFingerprintResets: {
    type: 'Boolean',
    wire: 'allow_fingerprint_resets',
    description: 'Whether users may reset their own fingerprint. A forced reset ignores it.',
  },
  deleteExpiredUsers: {
    type: 'Boolean',
    wire: 'delete_expired_users',
    description: 'Whether users are deleted 15 minutes after their key has expired.',
  },
} as const satisfies Settings;

const EXECUTION_WEBHOOK = 'The URL to which executions are posted. A secret';
const INFORMATION_WEBHOOK = 'The URL to which information is posted. A secret';
const BLACKLIST_WEBHOOK = 'The URL to which blacklists are posted. A secret';

function shownWebhook(url: string) {
  const description = `${url}: anybody with the URL of a Discord webhook can post to it. Null: none is set.`;
  return { nullable: true, scopes: ['secrets:read'], description } as const;
}

function givenWebhook<const Wire extends string>(wire: Wire, url: string) {
  const description = `${url}. Null clears it.`;
  return { type: 'String', wire, description, ofNull: 'clears', write: checkWellFormed } as const;
}

export const Project = loadableRef('Project', (api, project_id) => getProject(api, { project_id }));

const READ = {
  scopes: ['projects:read'],
  cost: getProject,
  entityKey: { field: 'id', check: checkId },
} as const;

builder.objectType(Project, {
  ...READ,
  description:
    'A project, to which scripts and users belong. Reading it costs one REST call, however often the operation selects it.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The project's id in LuaAuth." }),
    name: t.exposeString('name', { description: "The project's name." }),
    fingerprintResetCooldownMs: t.expose('fingerprint_reset_cooldown', SETTINGS.fingerprintResetCooldownMs),
    allowFingerprintResets: t.exposeBoolean('allow_fingerprint_resets', SETTINGS.allowFingerprintResets),
    deleteExpiredUsers: t.exposeBoolean('delete_expired_users', SETTINGS.deleteExpiredUsers),
    executionWebhook: t.exposeString('execution_webhook', shownWebhook(EXECUTION_WEBHOOK)),
    informationWebhook: t.exposeString('information_webhook', shownWebhook(INFORMATION_WEBHOOK)),
    blacklistWebhook: t.exposeString('blacklist_webhook', shownWebhook(BLACKLIST_WEBHOOK)),
    totalExecutions: t.expose('total_executions', {
      type: 'SafeInt',
      description: 'How often the scripts of the project have been executed.',
    }),
  }),
});

byId('project', Project, READ, {
  description:
    'One project. An id that is unknown or belongs to another account is an error at this field. Costs one REST call.',
  argument: 'The id of the project.',
});

byIds(Project, READ, 'The ids of the projects.');

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
      executionWebhook: givenWebhook('execution_webhook', EXECUTION_WEBHOOK),
      informationWebhook: givenWebhook('information_webhook', INFORMATION_WEBHOOK),
      blacklistWebhook: givenWebhook('blacklist_webhook', BLACKLIST_WEBHOOK),
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
    fields: (t) => ({
      deletedProjectId: t.id({
        description: 'The id of the deleted project.',
        resolve: ({ params }) => params.project_id,
      }),
    }),
  },
});
