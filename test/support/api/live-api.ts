import { json, type Recorded, type Respond } from './recorder.ts';

/** A session on the wire. */
interface WireUser {
  readonly id: string;
  readonly user_key: string;
  readonly script_id: string;
  readonly roblox_id: number;
  readonly place_id: number;
  readonly job_id: string;
  readonly created_at: number;
}

export const wireUser = (id: string, others: Partial<WireUser> = {}): WireUser => ({
  id,
  user_key: `key of ${id}`,
  script_id: 's',
  roblox_id: 1,
  place_id: 2,
  job_id: 'j',
  created_at: 1_700_000_000_000,
  ...others,
});

/** Plays the part of the REST API that has to do with connected users. A test changes `users` as it likes. */
export function createLiveApi({ cap = 100 } = {}) {
  const api = {
    users: new Map<string, readonly WireUser[]>(),
    /** Answers in the place of the API, for as long as it is set. */
    trouble: undefined as Respond | undefined,
    /** Called before a page is answered, so that positions can shift. */
    beforePage: (_from: number): void => undefined,
    respond,
    connect(scriptId: string, ...ids: string[]) {
      const known = api.users.get(scriptId) ?? [];
      api.users.set(scriptId, [...known, ...ids.map((id) => wireUser(id, { script_id: scriptId }))]);
    },
    leave(scriptId: string, ...ids: string[]) {
      const known = api.users.get(scriptId) ?? [];
      api.users.set(
        scriptId,
        known.filter(({ id }) => !ids.includes(id)),
      );
    },
  };

  function respond(recorded: Recorded, response: Parameters<Respond>[1]): void {
    void (api.trouble ?? answer)(recorded, response);
  }

  const answer: Respond = (recorded, response) => {
    const [, scriptId] = /^POST \/scripts\/([^/]+)\/sessions$/.exec(recorded.line) ?? [];
    const [, sessionId] = /^GET \/sessions\/([^/]+)$/.exec(recorded.line) ?? [];
    const session = [...api.users.values()].flat().find(({ id }) => id === sessionId);
    if (scriptId !== undefined) {
      const { from = 0, limit = cap } = JSON.parse(recorded.body || '{}');
      api.beforePage(from);
      const sessions = (api.users.get(scriptId) ?? []).slice(from, from + Math.min(limit, cap));
      json(response, { success: true, sessions });
    } else if (session) json(response, { success: true, session });
    else if (recorded.line.endsWith('/disconnect')) json(response, { success: true });
    else void refuse(recorded, response);
  };
  return api;
}

/** LuaAuth's answer about objects that do not exist or are not accessible. */
export const refuse: Respond = (_recorded, response) =>
  json(response, {
    success: false,
    error: { code: -1, message: 'unauthorized or invalid request', failed: ['session'] },
  });
