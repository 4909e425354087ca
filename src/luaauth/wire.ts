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
export type WireScriptEdit = Partial<
  Pick<WireScript, 'name' | 'free_for_all' | 'use_heartbeat' | 'kick_outdated' | 'require_sessions'>
>;

/** Body of `POST /sessions/disconnect`, and all of it: with `key` or `data` added the API would still disconnect everybody. */
export interface WireDisconnect {
  session_ids: string[];
}

/** Body of `POST /sessions/:session_id/message`. */
export interface WireMessage {
  /** The name that the script gave its handler. */
  key: string;
  /** Any JSON, `[]` when absent. */
  data?: unknown;
}

/**
 * The answer of `POST /sessions/:session_id/message` beside `success`: what the handler returned, which may be missing,
 * or why there is nothing, such as `client never responded`.
 */
export type WireMessageOutcome =
  | { processed: true; response?: unknown }
  | { processed: false; reason: string };

/** `GET /projects/:project_id` and the answer of its edit. */
export interface WireProject {
  id: string;
  name: string;
  /** In milliseconds. */
  fingerprint_reset_cooldown: number;
  allow_fingerprint_resets: boolean;
  delete_expired_users: boolean;
  /** A secret, as the two others: who knows the URL can post to it. */
  execution_webhook: string;
  information_webhook: string;
  blacklist_webhook: string;
  total_executions: number;
}

/** Body of `POST /projects/:project_id/edit`: an absent field stays as it is, `""` clears a text. */
export type WireProjectEdit = Partial<Omit<WireProject, 'id' | 'total_executions'>>;

/** `GET /projects/:project_id/executions`: `total`, and one `NAME - ID` for each script; the id is behind the last ` - `. */
export type WireProjectExecutions = Record<string, WireExecutions>;

/** `GET /users/:user_key`. Times are Unix time in milliseconds. */
export interface WireUser {
  key: string;
  discord_id: string | null;
  fingerprint_assigned: boolean;
  executor: string;
  executions: number;
  /** Null: never. */
  key_expires: number | null;
  last_reset: number | null;
  total_fingerprint_resets: number;
  /** At most 255 characters. */
  note: string | null;
  blacklisted: boolean;
  blacklist_reason: string | null;
  blacklist_expires: number | null;
  /** Three lines, each a mark, ` -> ` and what it stands for: ip, fingerprint, executor. */
  luaauth_fingerprint: string;
}

/** Body of `POST /users/:user_key/edit`: an absent field stays as it is, `""` clears one. */
export interface WireUserEdit {
  discord_id?: string;
  key_expires?: number | '';
  note?: string;
}

/** Body of `POST /users/:user_key/blacklist`. */
export interface WireBlacklist {
  /** The instant at which it ends, in ms; absent: never. The page prints the types of the two swapped. */
  expires?: number;
  reason?: string;
}

/** `GET /ads/systems/:system_id` and the rows of `GET /ads/systems`. Durations are in ms. */
export interface WireAdSystem {
  id: string;
  project_id: string;
  /** Shown to users. */
  name: string;
  /** How long a key lasts for one completion. */
  key_duration: number;
  /** Per user. */
  max_keys: number;
  allow_extending: boolean;
  max_duration: number;
}

/** A setting that a provider takes, in the lists of `GET /ads/providers`. The form of its id is not documented. */
export interface WireAdProviderSetting {
  id: string;
  name: string;
  type: 'toggle' | 'text' | 'info';
  info: string;
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
