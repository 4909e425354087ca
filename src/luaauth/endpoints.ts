import type { Access } from './api.ts';
import {
  editScript,
  filterSessions,
  getExecutions,
  getScript,
  getSessions,
  removeScript,
  toggleScript,
  updateScript,
} from './scripts.ts';
import { getSession } from './sessions.ts';

/** An endpoint for who knows it by its route alone, and has had what it is asked with checked elsewhere. */
type AnyEndpoint = (
  access: Access,
  params: Readonly<Record<string, string>>,
  payload: object | undefined,
) => Promise<unknown>;

const ENDPOINTS = [
  getScript,
  getExecutions,
  getSessions,
  filterSessions,
  getSession,
  editScript,
  removeScript,
  updateScript,
  toggleScript,
];

const BY_ROUTE = new Map<string, unknown>(ENDPOINTS.map((endpoint) => [endpoint.route, endpoint]));

/** The endpoint with a route such as `GET /scripts/:script_id`. */
export function endpointOf(route: string): AnyEndpoint | undefined {
  return BY_ROUTE.get(route) as AnyEndpoint | undefined;
}
