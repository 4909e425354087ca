import type { Route } from '../../luaauth/endpoints.ts';
import { adEndpoints } from './ads.ts';
import type { Endpoint } from './endpoint.ts';
import { projectEndpoints } from './projects.ts';
import { scriptEndpoints } from './scripts.ts';
import { sessionEndpoints } from './sessions.ts';
import { userEndpoints } from './users.ts';

const endpoints = {
  ...scriptEndpoints,
  ...sessionEndpoints,
  ...projectEndpoints,
  ...userEndpoints,
  ...adEndpoints,
} satisfies Record<Route, Endpoint>;

const table = (Object.entries(endpoints) as [Route, Endpoint][]).map(([route, endpoint]) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, endpoint, method, segments: path.split('/') };
});

/** The endpoint of a request, and the id in its path. Undefined for an unknown endpoint. */
export function match(method: string, path: string) {
  const [pathname = ''] = path.split('?', 1);
  const given = pathname.split('/');
  for (const { route, endpoint, method: expected, segments } of table) {
    if (method !== expected || given.length !== segments.length) continue;
    let id: string | undefined = '';
    const fits = segments.every((segment, index) => {
      if (!segment.startsWith(':')) return segment === given[index];
      id = decodeSegment(given[index] ?? '');
      return id;
    });
    if (fits) return { route, endpoint, id };
  }
  return undefined;
}

/** Decodes a path segment. Undefined if its percent-encoding is broken. */
function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
