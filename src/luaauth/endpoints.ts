// Made by `npm run codegen`: every endpoint that is declared with `read` or `write` in a file beside this one.

import { createAdSystem, editAdSystem, getAdProviders, getAdSystem, getAdSystems } from './ads.ts';
import { Catalogue, type RouteIn } from './catalogue.ts';
import { getExecutions, getProjectExecutions } from './executions.ts';
import { sendMessage } from './messages.ts';
import { editProject, getProject, removeProject } from './projects.ts';
import { editScript, getScript, removeScript, toggleScript, updateScript } from './scripts.ts';
import {
  disconnectSession,
  disconnectSessions,
  filterSessions,
  getSession,
  getSessions,
} from './sessions.ts';
import { blacklistUser, editUser, getUser, unblacklistUser } from './users.ts';

const FILES = {
  'ads.ts': { getAdSystem, getAdSystems, getAdProviders, createAdSystem, editAdSystem },
  'executions.ts': { getExecutions, getProjectExecutions },
  'messages.ts': { sendMessage },
  'projects.ts': { getProject, editProject, removeProject },
  'scripts.ts': { getScript, editScript, removeScript, updateScript, toggleScript },
  'sessions.ts': { getSession, getSessions, filterSessions, disconnectSession, disconnectSessions },
  'users.ts': { getUser, editUser, blacklistUser, unblacklistUser },
};

/** Every endpoint that is called. */
export const ENDPOINTS = new Catalogue(FILES);

/** The routes that are declared. */
export type Route = RouteIn<typeof FILES>;
