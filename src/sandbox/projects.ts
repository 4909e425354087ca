import type { WireExecutions } from '../luaauth/wire.ts';
import type { Handler } from './handler.ts';
import { success, unauthorized } from './reply.ts';

const unknownProject = unauthorized('project does not exist or is not yours');

/** `GET /projects/:project_id` */
export const getProject: Handler = ({ state, id }) => {
  const project = state.projects.get(id);
  return project ? success({ project }) : unknownProject;
};

/** `GET /projects/:project_id/executions`: the days of every script and their sum. */
export const getProjectExecutions: Handler = ({ state, id }) => {
  if (!state.projects.has(id)) return unknownProject;
  const total: WireExecutions = {};
  const executions: Record<string, WireExecutions> = { total };
  for (const script of state.scripts.values()) {
    if (script.project_id !== id) continue;
    const days = state.executions.get(script.id) ?? {};
    executions[`${script.name} - ${script.id}`] = days;
    for (const [day, count] of Object.entries(days)) total[day] = (total[day] ?? 0) + count;
  }
  return success({ executions });
};

/** `GET /users/:user_key` */
export const getUser: Handler = ({ state, id }) => {
  const user = state.users.get(id);
  return user ? success({ user }) : unauthorized('user does not exist or is not yours');
};
