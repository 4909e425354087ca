import type { WireExecutions, WireProjectExecutions } from '../../luaauth/wire.ts';
import {
  changesOf,
  checkAccount,
  createEditFields,
  type Endpoint,
  type Endpoints,
  find,
  Refusal,
  type SandboxRequest,
} from './endpoint.ts';
import type { SandboxProject } from './state.ts';

const projectIn = ({ state, id }: SandboxRequest) => find(state.projects, id, 'project');

/** Returns the whole edited project. */
const editProject: Endpoint = (request) => {
  const project = projectIn(request);
  checkAccount(request, 0);
  const fields = createEditFields(request.body);
  const edit: Partial<SandboxProject> = {
    name: fields.clearableText('name'),
    fingerprint_reset_cooldown: fields.whole('fingerprint_reset_cooldown'),
    allow_fingerprint_resets: fields.flag('allow_fingerprint_resets'),
    delete_expired_users: fields.flag('delete_expired_users'),
    execution_webhook: fields.clearableText('execution_webhook'),
    information_webhook: fields.clearableText('information_webhook'),
    blacklist_webhook: fields.clearableText('blacklist_webhook'),
  };
  fields.check();
  const changes = changesOf(edit);
  if (!changes) throw new Refusal(1, 'cannot edit nothing');
  return { project: Object.assign(project, changes) };
};

/** Keeps the project's scripts and users. LuaAuth does not document what happens to them, so a gateway must handle a script whose project is gone. */
const removeProject: Endpoint = (request) => {
  request.state.projects.delete(projectIn(request).id);
  return {};
};

/** The days of every script with executions, and their sum. */
const getProjectExecutions: Endpoint = (request) => {
  const { id } = projectIn(request);
  const { state } = request;
  const total: WireExecutions = {};
  const executions: WireProjectExecutions = { total };
  for (const script of state.scripts.values()) {
    const days = state.executions.get(script.id) ?? {};
    if (script.project_id !== id || !Object.values(days).some((count) => count > 0)) continue;
    executions[`${script.name ?? ''} - ${script.id}`] = days;
    for (const [day, count] of Object.entries(days)) total[day] = (total[day] ?? 0) + count;
  }
  return { executions };
};

export const projectEndpoints = {
  'GET /projects/:project_id': (request) => ({ project: projectIn(request) }),
  'POST /projects/:project_id/edit': editProject,
  'POST /projects/:project_id/remove': removeProject,
  'GET /projects/:project_id/executions': getProjectExecutions,
} satisfies Endpoints;
