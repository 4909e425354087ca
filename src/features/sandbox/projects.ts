import type { WireExecutions, WireProjectExecutions } from '../../luaauth/wire.ts';
import { changesOf, createEditFields } from './fields.ts';
import {
  accountExpired,
  failure,
  type Handler,
  type Handlers,
  invalid,
  success,
  unauthorized,
} from './handler.ts';
import { sandboxKeys } from './keys.ts';
import type { SandboxProject } from './state.ts';

const unknownProject = unauthorized('project does not exist or is not yours');

const getProject: Handler = ({ state, id }) => {
  const project = state.projects.get(id);
  return project ? success({ project }) : unknownProject;
};

/** Returns the whole edited project. */
const editProject: Handler = ({ state, id, key, body }) => {
  const project = state.projects.get(id);
  if (!project) return unknownProject;
  if (key === sandboxKeys.expired) return accountExpired(0);

  const fields = createEditFields(body);
  const edit: Partial<SandboxProject> = {
    name: fields.clearableText('name'),
    fingerprint_reset_cooldown: fields.whole('fingerprint_reset_cooldown'),
    allow_fingerprint_resets: fields.flag('allow_fingerprint_resets'),
    delete_expired_users: fields.flag('delete_expired_users'),
    execution_webhook: fields.clearableText('execution_webhook'),
    information_webhook: fields.clearableText('information_webhook'),
    blacklist_webhook: fields.clearableText('blacklist_webhook'),
  };
  if (fields.failed.length > 0) return invalid(fields.failed);
  const changes = changesOf(edit);
  if (!changes) return failure(1, 'cannot edit nothing');
  return success({ project: Object.assign(project, changes) });
};

/** Scripts and users stay, which LuaAuth does not document: a gateway must handle a script without a readable project. */
const removeProject: Handler = ({ state, id }) => (state.projects.delete(id) ? success() : unknownProject);

/** The days of every script with executions, and their sum. */
const getProjectExecutions: Handler = ({ state, id }) => {
  if (!state.projects.has(id)) return unknownProject;
  const total: WireExecutions = {};
  const executions: WireProjectExecutions = { total };
  for (const script of state.scripts.values()) {
    const days = state.executions.get(script.id) ?? {};
    if (script.project_id !== id || !Object.values(days).some((count) => count > 0)) continue;
    executions[`${script.name ?? ''} - ${script.id}`] = days;
    for (const [day, count] of Object.entries(days)) total[day] = (total[day] ?? 0) + count;
  }
  return success({ executions });
};

export const projectHandlers = {
  'GET /projects/:project_id': getProject,
  'POST /projects/:project_id/edit': editProject,
  'POST /projects/:project_id/remove': removeProject,
  'GET /projects/:project_id/executions': getProjectExecutions,
} satisfies Handlers;
