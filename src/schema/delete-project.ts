import { needs, needsNothingMore } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { removeProject } from '../luaauth/projects.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runMutation } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

interface DeletedProject {
  readonly type: 'DeleteProjectSuccess';
  readonly projectId: string;
}

const DeleteProjectSuccess = builder.objectRef<DeletedProject>('DeleteProjectSuccess').implement({
  extensions: needsNothingMore,
  description: 'LuaAuth has deleted the project.',
  isTypeOf: (value) => (value as DeletedProject).type === 'DeleteProjectSuccess',
  fields: (t) => ({
    deletedProjectId: t.exposeID('projectId', { description: 'The id of the project that is gone.' }),
  }),
});

const DeleteProjectResult = builder.unionType('DeleteProjectResult', {
  description: 'What came of deleteProject.',
  types: [DeleteProjectSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const DeleteProjectInput = builder.inputType('DeleteProjectInput', {
  description: 'The project to delete.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the project.' }),
  }),
});

builder.mutationFields((t) => ({
  deleteProject: t.field({
    type: DeleteProjectResult,
    description:
      'Deletes a project for good. What becomes of its scripts and users is not documented. A second time LuaAuth refuses it as NotPermitted. Costs one REST call.',
    extensions: { ...needs('projects:delete'), ...costs('POST /projects/:project_id/remove') },
    args: {
      input: t.arg({ type: DeleteProjectInput, required: true, description: 'The project to delete.' }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      return runMutation(
        context,
        { type: 'DeleteProjectSuccess', projectId: id },
        (api) => removeProject(api, { project_id: id }),
        { project_id: 'id' },
      );
    },
  }),
}));
