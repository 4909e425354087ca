import type { Handler } from './handler.ts';
import { editProject, getProject, getProjectExecutions, removeProject } from './projects.ts';
import {
  editScript,
  getScript,
  getScriptExecutions,
  removeScript,
  toggleScript,
  updateScript,
} from './scripts.ts';
import {
  disconnectSession,
  disconnectSessions,
  filterScriptSessions,
  getSession,
  listScriptSessions,
  sendMessage,
} from './sessions.ts';
import { blacklistUser, editUser, getUser, unblacklistUser } from './users.ts';

/** Every endpoint of upstream-api.md, one line each. */
export const routes = {
  'GET /scripts/:script_id': getScript,
  'GET /scripts/:script_id/executions': getScriptExecutions,
  'POST /scripts/:script_id/edit': editScript,
  'POST /scripts/:script_id/remove': removeScript,
  'POST /scripts/:script_id/update': updateScript,
  'POST /scripts/:script_id/toggle': toggleScript,
  'POST /scripts/:script_id/sessions': listScriptSessions,
  'GET /scripts/:script_id/sessions/filter': filterScriptSessions,
  'GET /sessions/:session_id': getSession,
  'POST /sessions/:session_id/disconnect': disconnectSession,
  'POST /sessions/disconnect': disconnectSessions,
  'POST /sessions/:session_id/message': sendMessage,
  'GET /projects/:project_id': getProject,
  'POST /projects/:project_id/edit': editProject,
  'POST /projects/:project_id/remove': removeProject,
  'GET /projects/:project_id/executions': getProjectExecutions,
  'GET /users/:user_key': getUser,
  'POST /users/:user_key/edit': editUser,
  'POST /users/:user_key/blacklist': blacklistUser,
  'POST /users/:user_key/unblacklist': unblacklistUser,
} satisfies Record<string, Handler>;

/** Method and path template of an endpoint. */
export type SandboxRoute = keyof typeof routes;
