import type { Route } from '../../luaauth/endpoints.ts';
import { adHandlers } from './ads.ts';
import type { Handler } from './handler.ts';
import { projectHandlers } from './projects.ts';
import { scriptHandlers } from './scripts.ts';
import { sessionHandlers } from './sessions.ts';
import { userHandlers } from './users.ts';

const handlers = {
  ...scriptHandlers,
  ...sessionHandlers,
  ...projectHandlers,
  ...userHandlers,
  ...adHandlers,
} satisfies Record<Route, Handler>;

export interface Matched {
  route: Route;
  handler: Handler;
  id: string;
}

/** Compiles the routes. The returned function gives undefined for an unknown endpoint. */
export function createRouter(): (method: string, path: string) => Matched | undefined {
  const table = (Object.entries(handlers) as [Route, Handler][]).map(([route, handler]) => {
    const [method = '', path = ''] = route.split(' ');
    return { route, handler, method, segments: path.split('/') };
  });

  return (method, path) => {
    const [pathname = ''] = path.split('?', 1);
    const given = pathname.split('/');
    for (const { route, handler, method: expected, segments } of table) {
      if (method !== expected || given.length !== segments.length) continue;
      let id: string | undefined = '';
      const fits = segments.every((segment, index) => {
        if (!segment.startsWith(':')) return segment === given[index];
        id = decodeSegment(given[index] ?? '');
        return id;
      });
      if (fits) return { route, handler, id };
    }
    return undefined;
  };
}

/** Decodes a path segment. Undefined if its percent-encoding is broken. */
export function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
