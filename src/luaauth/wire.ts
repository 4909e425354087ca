/** The JSON of the API as `docs/luaauth-api.md#the-luaauth-rest-api` documents it. The sandbox answers with these shapes. */

/** Each kind of member with its JSON type. */
export interface WireKinds {
  /** A name, note, reason or label: a few kilobytes at most. */
  name: string;
  text: string;
  /** An id that is used in paths. */
  id: string;
  /** An id without a documented form. */
  'any id': string;
  boolean: boolean;
  count: number;
  /** An id that is an integer whose digits all count. */
  integer: number;
  /** Such an id as a string. */
  digits: string;
  instant: number;
}

export type WireKind = keyof WireKinds;

/** `or null`, `or empty`: null, `""` and a missing member count as null. `or absent`: the member may be missing. */
export type Member = WireKind | `${WireKind} or ${'null' | 'empty' | 'absent'}`;

export type Members = Readonly<Record<string, Member>>;

export type Typed<Of extends Members, Kinds extends Readonly<Record<WireKind, unknown>>> = {
  -readonly [Name in keyof Of]: Of[Name] extends WireKind
    ? Kinds[Of[Name]]
    : Of[Name] extends `${infer Optional extends WireKind} or ${string}`
      ? Kinds[Optional] | null
      : never;
};

type Wire<Of extends Members> = Typed<Of, WireKinds>;

export const SCRIPT = {
  id: 'id',
  project_id: 'id',
  name: 'name',
  free_for_all: 'boolean',
  use_heartbeat: 'boolean',
  kick_outdated: 'boolean',
  require_sessions: 'boolean',
  enabled: 'boolean',
  total_executions: 'count',
  total_sessions: 'count',
  total_instances: 'count',
} as const;

export type WireScript = Wire<typeof SCRIPT>;

/** `GET /sessions/:session_id` and the rows of the session lists. */
export const SESSION = {
  id: 'text',
  user_key: 'text or absent',
  script_id: 'id',
  roblox_id: 'integer',
  place_id: 'integer',
  job_id: 'text',
  created_at: 'instant',
} as const;

export interface WireSession extends Omit<Wire<typeof SESSION>, 'user_key'> {
  /** Missing or null for a user of a free-for-all script without a key. */
  user_key?: string | null;
}

/** Executions per day. The label's order (day/month or month/day) is not documented; there is no year. */
export type WireExecutions = Record<string, number>;

/** Body of `POST /scripts/:script_id/edit`: an absent field stays as it is. */
export type WireScriptEdit = Partial<
  Pick<WireScript, 'name' | 'free_for_all' | 'use_heartbeat' | 'kick_outdated' | 'require_sessions'>
>;

/** Body of `POST /sessions/:session_id/message`. */
export interface WireMessage {
  /** The name that the script gave its handler. */
  key: string;
  /** Any JSON, `[]` when absent. */
  data?: unknown;
}

/** Without `success`: what the handler returned, which may be missing, or a reason such as `client never responded`. */
export type WireMessageOutcome =
  | { processed: true; response?: unknown }
  | { processed: false; reason: string };

export const PROJECT = {
  id: 'id',
  name: 'name',
  /** In milliseconds. */
  fingerprint_reset_cooldown: 'count',
  allow_fingerprint_resets: 'boolean',
  delete_expired_users: 'boolean',
  /** A secret, like the two others: anybody with the URL can post to it. */
  execution_webhook: 'text or empty',
  information_webhook: 'text or empty',
  blacklist_webhook: 'text or empty',
  total_executions: 'count',
} as const;

export type WireProject = Wire<typeof PROJECT>;

/** Body of `POST /projects/:project_id/edit`: an absent field stays as it is, `""` clears a text. */
export type WireProjectEdit = Partial<Omit<WireProject, 'id' | 'total_executions'>>;

/** `GET /projects/:project_id/executions`: `total`, and `NAME - ID` for each script. The id follows the last ` - `. */
export type WireProjectExecutions = Record<string, WireExecutions>;

export const USER = {
  key: 'id',
  discord_id: 'digits or empty',
  fingerprint_assigned: 'boolean',
  executor: 'name or empty',
  executions: 'count',
  /** Null: never. */
  key_expires: 'instant or null',
  last_reset: 'instant or null',
  total_fingerprint_resets: 'count',
  /** At most 255 characters. */
  note: 'name or empty',
  blacklisted: 'boolean',
  blacklist_reason: 'name or empty',
  blacklist_expires: 'instant or null',
  /** Three lines for ip, fingerprint and executor: a mark, ` -> ` and the name. */
  luaauth_fingerprint: 'text or empty',
} as const;

export type WireUser = Wire<typeof USER>;

/** Body of `POST /users/:user_key/edit`: an absent field stays as it is, `""` clears a field. */
export interface WireUserEdit {
  discord_id?: string;
  key_expires?: number | '';
  note?: string;
}

/** Body of `POST /users/:user_key/blacklist`. */
export interface WireBlacklist {
  /** When the blacklisting ends, in ms; absent: never. LuaAuth's page swaps the types of the two members. */
  expires?: number;
  reason?: string;
}

/** `GET /ads/systems/:system_id` and the rows of `GET /ads/systems`. Durations are in ms. */
export const AD_SYSTEM = {
  id: 'id',
  project_id: 'id',
  name: 'name',
  /** How long a key lasts for one completion. */
  key_duration: 'count',
  /** Per user. */
  max_keys: 'count',
  allow_extending: 'boolean',
  max_duration: 'count',
} as const;

export type WireAdSystem = Wire<typeof AD_SYSTEM>;

/** A setting of a provider, in the lists of `GET /ads/providers`. */
export const AD_PROVIDER_SETTING = {
  id: 'any id',
  name: 'name',
  /** `toggle`, `text` or `info`. */
  type: 'text',
  info: 'text or empty',
} as const;

export type WireAdProviderSetting = Wire<typeof AD_PROVIDER_SETTING>;

/** An invalid field in `error.failed`. The nested form is for fields that can fail in several ways. */
export interface WireInvalidField {
  field: string;
  errors: (string | { message: string; errors: string[] })[];
}

/** `error` of the failure envelope. A string in `failed` is an authorization failure, an object an invalid field. */
export interface WireError {
  code: number;
  message: string;
  failed?: (string | WireInvalidField)[];
}

export type WireFailure = { success: false; error: WireError };
