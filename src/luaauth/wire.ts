/**
 * The JSON of the LuaAuth REST API exactly as `upstream-api.md` documents it: snake_case, nothing renamed.
 * The sandbox answers with these shapes; the endpoints read them with the checks in `decoders.ts`.
 */

/** `GET /scripts/:script_id` */
export interface WireScript {
  id: string;
  project_id: string;
  name: string;
  free_for_all: boolean;
  use_heartbeat: boolean;
  kick_outdated: boolean;
  require_sessions: boolean;
  enabled: boolean;
  total_executions: number;
  total_sessions: number;
  total_instances: number;
}

/** `GET /sessions/:session_id` and the rows of the session lists. `created_at` is Unix time in milliseconds. */
export interface WireSession {
  id: string;
  /** Missing or null for a user of a free-for-all script who has no key. */
  user_key?: string | null;
  script_id: string;
  roblox_id: number;
  place_id: number;
  job_id: string;
  created_at: number;
}

/** Executions per day. The label's order (day/month or month/day) is not documented; there is no year. */
export type WireExecutions = Record<string, number>;

/** Body of `POST /scripts/:script_id/edit`: an absent field stays as it is. */
export interface WireScriptEdit {
  name?: string;
  free_for_all?: boolean;
  use_heartbeat?: boolean;
  kick_outdated?: boolean;
  require_sessions?: boolean;
}

/** One invalid field in `error.failed`; the nested form appears for fields that can fail in several ways. */
export interface WireInvalidField {
  field: string;
  errors: (string | { message: string; errors: string[] })[];
}

/** The failure envelope's `error`. A string in `failed` is an authorization failure, an object an invalid field. */
export interface WireError {
  code: number;
  message: string;
  failed?: (string | WireInvalidField)[];
}

export type WireFailure = { success: false; error: WireError };
export type WireSuccess<Payload = object> = { success: true } & Payload;
