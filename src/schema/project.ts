import type { GraphQLResolveInfo } from 'graphql';
import { requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import { getProjectExecutions } from '../luaauth/executions.ts';
import { getProject, type Project as ProjectShape, project } from '../luaauth/projects.ts';
import { selectedBelow } from '../plan/look-ahead.ts';
import { selectsOneOf, selectsOnly } from '../plan/select.ts';
import { checkId } from './argument.ts';
import { defineEntity } from './entity.ts';
import { defineLoader } from './loader.ts';
import { wireFields } from './wire-fields.ts';

const secret = requiresScopes('secrets:read');

/** The operation's projects. */
export const projectsOf = defineLoader((api, id: string) => getProject(api, { project_id: id }));

/** The executions of the operation's projects. */
export const projectExecutionsOf = defineLoader((api, id: string) =>
  getProjectExecutions(api, { project_id: id }),
);

/** The fields that have a call of their own, which also shows whether the project exists. */
const BY_EXECUTIONS = ['executions', 'scripts'];

/** Gives the fields of a project of which no more than the id is known. */
export const TOLD_WITHOUT_PROJECT: readonly string[] = ['id', ...BY_EXECUTIONS, 'adSystems'];

const UNLESS_BY_EXECUTIONS = { freeFields: TOLD_WITHOUT_PROJECT, providedBy: BY_EXECUTIONS };

export const { type: Project, extensions } = defineEntity('Project', {
  key: 'id',
  check: checkId,
  loaderOf: projectsOf,
  resolve: readProject,
  resource: project,
  read: getProject,
  price: UNLESS_BY_EXECUTIONS,
  scope: 'projects:read',
  one: 'One project. An id that is unknown or belongs to another account is an error at this field. Costs one REST call; none but that of its executions and scripts when nothing but those and the id is selected.',
  several: 'Costs, for each distinct id, what `project` does.',
});

const SECRET = 'A secret: who knows a Discord webhook can post to it. Null: none is set.';

Project.implement({
  description:
    'A project, to which scripts and users belong. Reading it costs one REST call, however often it is selected.',
  extensions,
  fields: (t, wire = wireFields(t)) => ({
    id: wire.id('id', "The project's id in LuaAuth."),
    name: wire.string('name', "The project's name."),
    fingerprintResetCooldownMs: wire.count(
      'fingerprint_reset_cooldown',
      'How long users must wait between two resets of their fingerprint, in ms.',
    ),
    allowFingerprintResets: wire.boolean(
      'allow_fingerprint_resets',
      'Whether users may reset their own fingerprint. A forced reset ignores it.',
    ),
    deleteExpiredUsers: wire.boolean(
      'delete_expired_users',
      'Whether users are deleted 15 minutes after their key has expired.',
    ),
    executionWebhook: wire.string('execution_webhook', `The URL to which executions are posted. ${SECRET}`, {
      nullable: true,
      extensions: secret,
    }),
    informationWebhook: wire.string(
      'information_webhook',
      `The URL to which information is posted. ${SECRET}`,
      { nullable: true, extensions: secret },
    ),
    blacklistWebhook: wire.string('blacklist_webhook', `The URL to which blacklists are posted. ${SECRET}`, {
      nullable: true,
      extensions: secret,
    }),
    totalExecutions: wire.count(
      'total_executions',
      'How often the scripts of the project have been executed.',
    ),
  }),
});

/** A project whose id the caller says: it must be there, so one of the two calls is made. */
function readProject(
  id: string,
  context: Context,
  info: GraphQLResolveInfo,
): ProjectShape | Promise<ProjectShape> {
  const isTold =
    selectsOnly(selectedBelow(info, 'Project'), TOLD_WITHOUT_PROJECT) &&
    selectsOneOf(selectedBelow(info, 'Project'), BY_EXECUTIONS);
  return isTold ? ({ id } as ProjectShape) : projectsOf(context).load(id);
}
