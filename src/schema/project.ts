import type { GraphQLResolveInfo } from 'graphql';
import { needs } from '../callers/needs.ts';
import type { Context } from '../context.ts';
import { costs, costsEach, lengthOf } from '../limits/cost.ts';
import { usableProperty } from '../luaauth/decoders.ts';
import { getProject, getProjectExecutions, type Project as ProjectShape } from '../luaauth/projects.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, loadBy } from './loader.ts';
import { selectsOneOf, selectsOnly } from './selection.ts';

const read = needs('projects:read');
const secret = needs('secrets:read');

/** The operation's projects. */
export const projectsOf = defineLoader((api, id: string) => getProject(api, { project_id: id }));

/** The executions of the operation's projects. */
export const projectExecutionsOf = defineLoader((api, id: string) =>
  getProjectExecutions(api, { project_id: id }),
);

/** The fields that have a call of their own: it also tells whether there is the project. */
const BY_EXECUTIONS = ['executions', 'scripts'];

/** What can be told of a project of which no more than the id is known. */
export const TOLD_WITHOUT_PROJECT: readonly string[] = ['id', ...BY_EXECUTIONS];

const UNLESS_BY_EXECUTIONS = { freeFields: TOLD_WITHOUT_PROJECT, replacedBy: BY_EXECUTIONS };

export const Project = builder.loadableObjectRef<ProjectShape, string>('Project', {
  load: (ids, context) => projectsOf(context).loadMany(ids),
});
loadBy(Project, projectsOf);

const SECRET = 'A secret: who knows a Discord webhook can post to it. Null: none is set.';

Project.implement({
  description:
    'A project, to which scripts and users belong. Reading it costs one REST call, however often it is selected.',
  extensions: { ...read, ...costs('GET /projects/:project_id', UNLESS_BY_EXECUTIONS) },
  fields: (t) => ({
    id: t.id({
      description: "The project's id in LuaAuth.",
      extensions: read,
      resolve: usableProperty('id'),
    }),
    name: t.string({ description: "The project's name.", extensions: read, resolve: usableProperty('name') }),
    fingerprintResetCooldownMs: t.field({
      type: 'SafeInt',
      description: 'How long users must wait between two resets of their fingerprint, in ms.',
      extensions: read,
      resolve: usableProperty('fingerprint_reset_cooldown'),
    }),
    allowFingerprintResets: t.boolean({
      description: 'Whether users may reset their own fingerprint. A forced reset ignores it.',
      extensions: read,
      resolve: usableProperty('allow_fingerprint_resets'),
    }),
    deleteExpiredUsers: t.boolean({
      description: 'Whether users are deleted 15 minutes after their key has expired.',
      extensions: read,
      resolve: usableProperty('delete_expired_users'),
    }),
    executionWebhook: t.string({
      nullable: true,
      description: `The URL to which executions are posted. ${SECRET}`,
      extensions: secret,
      resolve: usableProperty('execution_webhook'),
    }),
    informationWebhook: t.string({
      nullable: true,
      description: `The URL to which information is posted. ${SECRET}`,
      extensions: secret,
      resolve: usableProperty('information_webhook'),
    }),
    blacklistWebhook: t.string({
      nullable: true,
      description: `The URL to which blacklists are posted. ${SECRET}`,
      extensions: secret,
      resolve: usableProperty('blacklist_webhook'),
    }),
    totalExecutions: t.field({
      type: 'SafeInt',
      description: 'How often the scripts of the project have been executed.',
      extensions: read,
      resolve: usableProperty('total_executions'),
    }),
  }),
});

builder.asEntity(Project, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context, info) => readProject(id, context, info),
});

builder.queryFields((t) => ({
  project: t.field({
    type: Project,
    nullable: true,
    description:
      'One project. An id that is unknown or belongs to another account is an error at this field. Costs one REST call; none but that of its executions and scripts when nothing but those and the id is selected.',
    extensions: { ...read, ...costs('GET /projects/:project_id', UNLESS_BY_EXECUTIONS) },
    args: { id: t.arg.id({ required: true, description: 'The id of the project.' }) },
    resolve: (_root, { id }, context, info) => readProject(checkId('id', id), context, info),
  }),
  projects: t.field({
    type: [Project],
    nullable: { list: false, items: true },
    description:
      'Several projects in the order of ids. One that cannot be read is null, with an error at its index; the others stay. Costs, for each distinct id, what `project` does.',
    extensions: { ...read, ...costsEach('GET /projects/:project_id', lengthOf('ids'), UNLESS_BY_EXECUTIONS) },
    args: {
      ids: t.arg.idList({
        required: true,
        description: 'The ids of the projects; one that is repeated costs nothing.',
      }),
    },
    resolve: (_root, { ids }, context, info) =>
      ids.map((id, index) => {
        try {
          return readProject(checkId(`ids[${index}]`, id), context, info);
        } catch (error) {
          return error as Error;
        }
      }) as never,
  }),
}));

/** A project whose id the caller says: it must be there, so one of the two calls is made. */
function readProject(
  id: string,
  context: Context,
  info: GraphQLResolveInfo,
): ProjectShape | Promise<ProjectShape> {
  const isTold =
    selectsOnly(info, 'Project', TOLD_WITHOUT_PROJECT) && selectsOneOf(info, 'Project', BY_EXECUTIONS);
  return isTold ? ({ id } as ProjectShape) : projectsOf(context).load(id);
}
