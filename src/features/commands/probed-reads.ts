import { getAdProviders, getAdSystem, getAdSystems } from '../../luaauth/ads.ts';
import type { Access } from '../../luaauth/api.ts';
import { isId } from '../../luaauth/decoders.ts';
import { getExecutions, getProjectExecutions } from '../../luaauth/executions.ts';
import { getProject } from '../../luaauth/projects.ts';
import { getScript } from '../../luaauth/scripts.ts';
import { filterSessions, getSession, getSessions } from '../../luaauth/sessions.ts';
import { getUser } from '../../luaauth/users.ts';

/** The ids that reads need, from the command line or from earlier answers. */
type ProbedId = 'script' | 'project' | 'key' | 'session' | 'system';
export type ProbedIds = { readonly [Name in ProbedId]?: string | undefined };

export interface ProbedRead {
  readonly endpoint: string;
  readonly needs: ProbedId | undefined;
  /** Makes the read once, and returns the ids in its answer. */
  ask(api: Access, id: string): Promise<ProbedIds>;
}

const PAGE = { from: 0, limit: 10 };
const nothing = (): ProbedIds => ({});

/** Every documented read. The last reads show the least, because a probe may end before them. */
export const PROBED_READS: readonly ProbedRead[] = [
  {
    endpoint: getScript.route,
    needs: 'script',
    ask: async (api, script_id) => ({ project: (await getScript(api, { script_id })).project_id }),
  },
  {
    endpoint: getProject.route,
    needs: 'project',
    ask: (api, project_id) => getProject(api, { project_id }).then(nothing),
  },
  {
    endpoint: getProjectExecutions.route,
    needs: 'project',
    async ask(api, project_id) {
      const { scripts } = await getProjectExecutions(api, { project_id });
      return { script: scripts?.find(({ id }) => id !== undefined)?.id };
    },
  },
  {
    endpoint: getExecutions.route,
    needs: 'script',
    ask: (api, script_id) => getExecutions(api, { script_id }).then(nothing),
  },
  {
    endpoint: getSessions.route,
    needs: 'script',
    async ask(api, script_id) {
      const sessions = await getSessions(api, { script_id }, PAGE);
      return {
        session: sessions.map(({ id }) => id).find(isId),
        key: sessions.map(({ user_key }) => user_key).find(isId),
      };
    },
  },
  {
    endpoint: getSession.route,
    needs: 'session',
    ask: (api, session_id) => getSession(api, { session_id }).then(nothing),
  },
  {
    endpoint: getUser.route,
    needs: 'key',
    ask: (api, user_key) => getUser(api, { user_key }).then(nothing),
  },
  {
    endpoint: getAdSystems.route,
    needs: undefined,
    async ask(api) {
      const [system] = await getAdSystems(api, {});
      return { system: system?.id, project: system?.project_id };
    },
  },
  {
    endpoint: getAdProviders.route,
    needs: undefined,
    ask: (api) => getAdProviders(api, {}).then(nothing),
  },
  {
    endpoint: filterSessions.route,
    needs: 'script',
    ask: (api, script_id) => filterSessions(api, { script_id }, PAGE).then(nothing),
  },
  {
    endpoint: getAdSystem.route,
    needs: 'system',
    ask: (api, system_id) => getAdSystem(api, { system_id }).then(nothing),
  },
];
