import { requiresScopes } from '../callers/scopes.ts';
import { editProject, removeProject } from '../luaauth/projects.ts';
import type { WireProjectEdit } from '../luaauth/wire.ts';
import { checkWellFormed } from './argument.ts';
import { defineMutation, idField, nameField } from './define-mutation.ts';
import { PROJECT_SETTINGS, Project } from './project.ts';

const webhook = <const Wire extends keyof WireProjectEdit>(wire: Wire, isPosted: string) =>
  ({
    type: 'String',
    wire,
    description: `The URL to which ${isPosted} posted. A secret. Null clears it.`,
    ofNull: 'clears',
    write: checkWellFormed,
  }) as const;

const id = idField('project_id', 'The id of the project.');

defineMutation({
  name: 'editProject',
  effect: 'sets',
  description:
    "Changes a project's settings. An absent field stays as it is. Doing it twice is the same as once. Costs one REST call, also when the project is selected.",
  scope: 'projects:write',
  endpoint: editProject,
  isEdit: true,
  input: {
    description:
      'The settings to change. An absent field stays as it is. Null clears a webhook, as an empty string does; nothing else can be cleared.',
    argument: 'The project and its new settings.',
    fields: {
      id,
      name: nameField('The new name of the project.'),
      ...PROJECT_SETTINGS,
      executionWebhook: webhook('execution_webhook', 'executions are'),
      informationWebhook: webhook('information_webhook', 'information is'),
      blacklistWebhook: webhook('blacklist_webhook', 'blacklists are'),
    },
  },
  success: {
    description: 'LuaAuth has changed the settings.',
    fields: (t) => ({
      project: t.field({
        type: Project,
        description: 'The project after the write. It comes with the answer and costs no further REST call.',
        // Should the answer carry none, the project is read.
        extensions: requiresScopes('projects:read'),
        resolve: ({ answer, params }) => answer ?? params.project_id,
      }),
    }),
  },
  done: ({ params, answer }, context) => {
    if (answer) Project.loaderOf(context).put(params.project_id, answer);
  },
});

defineMutation({
  name: 'deleteProject',
  effect: 'ends',
  description:
    'Deletes a project for good. What becomes of its scripts and users is not documented. A second time LuaAuth refuses it as NotPermitted. Costs one REST call.',
  scope: 'projects:delete',
  endpoint: removeProject,
  input: {
    description: 'The project to delete.',
    fields: { id },
  },
  success: {
    description: 'LuaAuth has deleted the project.',
    fields: (t) => ({
      deletedProjectId: t.id({
        description: 'The id of the project that is gone.',
        resolve: ({ params }) => params.project_id,
      }),
    }),
  },
});
