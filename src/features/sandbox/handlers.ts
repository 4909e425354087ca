import type { Route } from '../../luaauth/endpoints.ts';
import { adHandlers } from './ads.ts';
import type { Handler } from './handler.ts';
import { projectHandlers } from './projects.ts';
import { scriptHandlers } from './scripts.ts';
import { sessionHandlers } from './sessions.ts';
import { userHandlers } from './users.ts';

export const handlers = {
  ...scriptHandlers,
  ...sessionHandlers,
  ...projectHandlers,
  ...userHandlers,
  ...adHandlers,
} satisfies Record<Route, Handler>;
