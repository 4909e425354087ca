export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  /** The `ID` scalar type represents a unique identifier, often used to refetch an object or as key for a cache. The ID type appears in a JSON response as a String; however, it is not intended to be human-readable. When expected as an input type, any string (such as `"4"`) or integer (such as `4`) input value will be accepted as an ID. */
  ID: { input: string; output: string; }
  /** The `String` scalar type represents textual data, represented as UTF-8 character sequences. The String type is most often used by GraphQL to represent free-form human-readable text. */
  String: { input: string; output: string; }
  /** The `Boolean` scalar type represents `true` or `false`. */
  Boolean: { input: boolean; output: boolean; }
  /** The `Int` scalar type represents non-fractional signed whole numeric values. Int can represent values between -(2^31) and 2^31 - 1. */
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An instant, RFC 3339 in UTC, such as `2026-02-09T08:08:20.000Z`. An input may have another offset from UTC. */
  DateTime: { input: string; output: string; }
  /** Any JSON value, nested at most 50 levels deep. Whole numbers keep all their digits, also past 2^53. If your JSON parser rounds such numbers, read them from the text. */
  JSON: { input: unknown; output: unknown; }
  /** A whole number up to 2^53 - 1, sent as a JSON number. Counts can exceed the 32 bits of Int. */
  SafeInt: { input: number; output: number; }
};

/** The account's LuaAuth subscription has expired. */
export type AccountExpired = Refusal & {
  __typename?: 'AccountExpired';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** A provider of ads that LuaAuth knows. */
export type AdProvider = {
  __typename?: 'AdProvider';
  /** The provider's name. */
  name: Scalars['String']['output'];
  /** The settings of the provider. */
  settings: Array<AdProviderSetting>;
};

/** A setting that an ad provider takes. */
export type AdProviderSetting = {
  __typename?: 'AdProviderSetting';
  /** The setting's id in LuaAuth. */
  id: Scalars['ID']['output'];
  /** LuaAuth's explanation of the setting; null: none. */
  info?: Maybe<Scalars['String']['output']>;
  /** The setting's name. */
  name: Scalars['String']['output'];
  /** The kind of the setting. */
  type: AdProviderSettingType;
};

/** The kind of a setting of an ad provider. */
export type AdProviderSettingType =
  /** The setting is information and cannot be changed. */
  | 'INFO'
  /** The setting is a text. */
  | 'TEXT'
  /** The setting is on or off. */
  | 'TOGGLE'
  /** The setting has a type that LuaAuth does not document. */
  | 'UNKNOWN';

/** A way for users to earn a key by passing ad checkpoints. It belongs to one project. Reading it costs one REST call, however often the operation selects it. */
export type AdSystem = {
  __typename?: 'AdSystem';
  /** Whether a further completion extends a key. Needs the scope `ads:read`. */
  allowExtending: Scalars['Boolean']['output'];
  /** The ad system's id in LuaAuth. Needs the scope `ads:read`. */
  id: Scalars['ID']['output'];
  /** How long a key lasts for one completion, in ms. Needs the scope `ads:read`. */
  keyDurationMs: Scalars['SafeInt']['output'];
  /** The longest time in ms to which a key may be extended. Needs the scope `ads:read`. */
  maxDurationMs: Scalars['SafeInt']['output'];
  /** How many keys a user of the system may have. Needs the scope `ads:read`. */
  maxKeys: Scalars['SafeInt']['output'];
  /** The name that users see. Needs the scope `ads:read`. */
  name: Scalars['String']['output'];
  /** The project that the ad system belongs to; null, with an error here, if it cannot be read. The id alone costs no REST call; executions, scripts and ad systems cost their own calls. Any other field costs one call for each distinct project, for the first 100. Needs the scopes `ads:read` and `projects:read`. */
  project?: Maybe<Project>;
};

/** The user is blacklisted already. The call changed nothing: `user` shows the current state. */
export type AlreadyBlacklisted = Refusal & {
  __typename?: 'AlreadyBlacklisted';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
  /** The user, for one more REST call. Null, with an error here, if the user cannot be read. Needs the scope `users:read`. */
  user?: Maybe<User>;
};

/** Why and until when a user is blacklisted. */
export type Blacklist = {
  __typename?: 'Blacklist';
  /** When the blacklisting ends; null: never. */
  expiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** The reason that was given; null: none. */
  reason?: Maybe<Scalars['String']['output']>;
};

/** The user to blacklist, why and until when. */
export type BlacklistUserInput = {
  /** When the blacklisting ends. Absent or null: never. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** The licence key. */
  key: Scalars['ID']['input'];
  /** The reason. Absent or null: none. */
  reason?: InputMaybe<Scalars['String']['input']>;
};

/** The result of blacklistUser. */
export type BlacklistUserResult = AccountExpired | AlreadyBlacklisted | BlacklistUserSuccess | InvalidFields | NotPermitted | UnknownRefusal;

/** LuaAuth has blacklisted the user. */
export type BlacklistUserSuccess = {
  __typename?: 'BlacklistUserSuccess';
  /** The user, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `users:read`. */
  user?: Maybe<User>;
};

/** The ad system to create. For an absent or null field LuaAuth sets its default. By default a key lasts one day, each user has one key, and a key can be extended to a week. */
export type CreateAdSystemInput = {
  /** Whether a further completion extends a key. */
  allowExtending?: InputMaybe<Scalars['Boolean']['input']>;
  /** How long a key lasts for one completion, in ms. */
  keyDurationMs?: InputMaybe<Scalars['SafeInt']['input']>;
  /** The longest time in ms to which a key may be extended. */
  maxDurationMs?: InputMaybe<Scalars['SafeInt']['input']>;
  /** How many keys a user of the system may have. */
  maxKeys?: InputMaybe<Scalars['SafeInt']['input']>;
  /** The name that users see. */
  name: Scalars['String']['input'];
  /** The id of the project that the ad system belongs to. */
  projectId: Scalars['ID']['input'];
};

/** The result of createAdSystem. */
export type CreateAdSystemResult = AccountExpired | CreateAdSystemSuccess | InvalidFields | MaxSystemsReached | NotPermitted | ProjectNotUsable | UnknownRefusal;

/** LuaAuth has created the ad system. */
export type CreateAdSystemSuccess = {
  __typename?: 'CreateAdSystemSuccess';
  /** The ad system, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `ads:read`. */
  adSystem?: Maybe<AdSystem>;
  /** The id of the new ad system. */
  adSystemId: Scalars['ID']['output'];
};

/** The project to delete. */
export type DeleteProjectInput = {
  /** The id of the project. */
  id: Scalars['ID']['input'];
};

/** The result of deleteProject. */
export type DeleteProjectResult = DeleteProjectSuccess | InvalidFields | NotPermitted | UnknownRefusal;

/** LuaAuth has deleted the project. */
export type DeleteProjectSuccess = {
  __typename?: 'DeleteProjectSuccess';
  /** The id of the deleted project. */
  deletedProjectId: Scalars['ID']['output'];
};

/** The script to delete. */
export type DeleteScriptInput = {
  /** The id of the script. */
  id: Scalars['ID']['input'];
};

/** The result of deleteScript. */
export type DeleteScriptResult = DeleteScriptSuccess | InvalidFields | NotPermitted | UnknownRefusal;

/** LuaAuth has deleted the script. */
export type DeleteScriptSuccess = {
  __typename?: 'DeleteScriptSuccess';
  /** The id of the deleted script. */
  deletedScriptId: Scalars['ID']['output'];
};

/** The session to end. */
export type DisconnectSessionInput = {
  /** The id of the session. */
  id: Scalars['ID']['input'];
};

/** The result of disconnectSession. */
export type DisconnectSessionResult = DisconnectSessionSuccess | InvalidFields | NotPermitted | UnknownRefusal;

/** LuaAuth has ended the session. Later reads of sessions skip the cache; LuaAuth itself may show the session for a while. */
export type DisconnectSessionSuccess = {
  __typename?: 'DisconnectSessionSuccess';
  /** The id of the session that was ended. */
  disconnectedSessionId: Scalars['ID']['output'];
};

/** The sessions to end. */
export type DisconnectSessionsInput = {
  /** The ids of the sessions: 1 to 100. A repeated id is sent once. */
  ids: Array<Scalars['ID']['input']>;
};

/** The result of disconnectSessions. */
export type DisconnectSessionsResult = DisconnectSessionsSuccess | InvalidFields | NotPermitted | UnknownRefusal;

/** LuaAuth has accepted the list. It does not say which of the sessions existed, and may show them for a while. Later reads of sessions skip the cache. */
export type DisconnectSessionsSuccess = {
  __typename?: 'DisconnectSessionsSuccess';
  /** The ids that were sent, without duplicates, in the order of the input. */
  disconnectedSessionIds: Array<Scalars['ID']['output']>;
};

/** Another licence key is linked to this Discord id already. */
export type DiscordAlreadyLinked = Refusal & {
  __typename?: 'DiscordAlreadyLinked';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** The changes to an ad system. An absent field stays as it is. No field can be cleared, so null and an empty name are refused. */
export type EditAdSystemInput = {
  /** Whether a further completion extends a key. */
  allowExtending?: InputMaybe<Scalars['Boolean']['input']>;
  /** The id of the ad system. */
  id: Scalars['ID']['input'];
  /** How long a key lasts for one completion, in ms. */
  keyDurationMs?: InputMaybe<Scalars['SafeInt']['input']>;
  /** The longest time in ms to which a key may be extended. */
  maxDurationMs?: InputMaybe<Scalars['SafeInt']['input']>;
  /** How many keys a user of the system may have. */
  maxKeys?: InputMaybe<Scalars['SafeInt']['input']>;
  /** The new name that users see. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** The id of the project to move the ad system to. */
  projectId?: InputMaybe<Scalars['ID']['input']>;
};

/** The result of editAdSystem. */
export type EditAdSystemResult = EditAdSystemSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal;

/** LuaAuth has changed the ad system. */
export type EditAdSystemSuccess = {
  __typename?: 'EditAdSystemSuccess';
  /** The ad system, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `ads:read`. */
  adSystem?: Maybe<AdSystem>;
};

/** The settings to change. An absent field stays as it is. Null or an empty string clears a webhook; no other field can be cleared. */
export type EditProjectInput = {
  /** Whether users may reset their own fingerprint. A forced reset ignores it. */
  allowFingerprintResets?: InputMaybe<Scalars['Boolean']['input']>;
  /** The URL to which blacklists are posted. A secret. Null clears it. */
  blacklistWebhook?: InputMaybe<Scalars['String']['input']>;
  /** Whether users are deleted 15 minutes after their key has expired. */
  deleteExpiredUsers?: InputMaybe<Scalars['Boolean']['input']>;
  /** The URL to which executions are posted. A secret. Null clears it. */
  executionWebhook?: InputMaybe<Scalars['String']['input']>;
  /** How long users must wait between two resets of their fingerprint, in ms. */
  fingerprintResetCooldownMs?: InputMaybe<Scalars['SafeInt']['input']>;
  /** The id of the project. */
  id: Scalars['ID']['input'];
  /** The URL to which information is posted. A secret. Null clears it. */
  informationWebhook?: InputMaybe<Scalars['String']['input']>;
  /** The new name of the project. */
  name?: InputMaybe<Scalars['String']['input']>;
};

/** The result of editProject. */
export type EditProjectResult = AccountExpired | EditProjectSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal;

/** LuaAuth has changed the settings. */
export type EditProjectSuccess = {
  __typename?: 'EditProjectSuccess';
  /** The project after the write. It comes with the answer and costs no further REST call. Needs the scope `projects:read`. */
  project: Project;
};

/** The settings to change. An absent field stays as it is. No field can be cleared, so null and an empty name are refused. */
export type EditScriptInput = {
  /** Whether users may execute the script without a key. */
  freeForAll?: InputMaybe<Scalars['Boolean']['input']>;
  /** The id of the script. */
  id: Scalars['ID']['input'];
  /** Whether users who run an old version are kicked. */
  kickOutdated?: InputMaybe<Scalars['Boolean']['input']>;
  /** The new name of the script. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** Whether users without WebSockets are refused. */
  requireSessions?: InputMaybe<Scalars['Boolean']['input']>;
  /** Whether users are checked again after the first verification. */
  useHeartbeat?: InputMaybe<Scalars['Boolean']['input']>;
};

/** The result of editScript. */
export type EditScriptResult = AccountExpired | EditScriptSuccess | InvalidFields | NotPermitted | NothingToEdit | TierTooLow | UnknownRefusal;

/** LuaAuth has changed the settings. */
export type EditScriptSuccess = {
  __typename?: 'EditScriptSuccess';
  /** The script, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `scripts:read`. */
  script?: Maybe<Script>;
};

/** The changes to a user. An absent field stays as it is; null clears it. */
export type EditUserInput = {
  /** The user's id on Discord, in digits. Null unlinks the user. */
  discordId?: InputMaybe<Scalars['ID']['input']>;
  /** The licence key. */
  key: Scalars['ID']['input'];
  /** When the key expires. Null: never. */
  keyExpiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** A note of at most 255 characters. Null or an empty string clears it. */
  note?: InputMaybe<Scalars['String']['input']>;
};

/** The result of editUser. */
export type EditUserResult = AccountExpired | DiscordAlreadyLinked | EditUserSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal;

/** LuaAuth has changed the user. */
export type EditUserSuccess = {
  __typename?: 'EditUserSuccess';
  /** The user, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `users:read`. */
  user?: Maybe<User>;
};

/** How often a script, or all scripts of a project, were executed on one day. */
export type Execution = {
  __typename?: 'Execution';
  /** Executions on that day. */
  count: Scalars['SafeInt']['output'];
  /** The day as the API labels it, such as `01/01`. The API does not say whether the day or the month comes first, and gives no year. */
  date: Scalars['String']['output'];
  /** The position of the day in the API's list, from 0. Sort days by this field: `date` does not sort. */
  index: Scalars['Int']['output'];
};

/** An input field that LuaAuth did not accept. */
export type InvalidField = {
  __typename?: 'InvalidField';
  /** LuaAuth's messages about this field. Details follow their message. */
  messages: Array<Scalars['String']['output']>;
  /** The field in terms of the GraphQL input, such as `["input", "freeForAll"]`. */
  path: Array<Scalars['String']['output']>;
};

/** LuaAuth found input fields invalid. */
export type InvalidFields = Refusal & {
  __typename?: 'InvalidFields';
  /** Each invalid field. */
  fields: Array<InvalidField>;
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** Why a stream cannot report changes now. */
export type LiveDelayReason =
  /** LuaAuth does not answer, or its answer differs from its documentation. */
  | 'API_UNAVAILABLE'
  /** The gateway cannot reach Redis, and the polls wait for its own part of the quota. */
  | 'COORDINATION_LOST'
  /** Other calls use up the quota, or polls of other scripts use up `LIVE_RATE`. Polls go on as soon as there is room. */
  | 'QUOTA';

/** The fields that every event of a stream has. */
export type LiveEvent = {
  /** When the gateway read the data of this event. */
  asOf: Scalars['DateTime']['output'];
  /** Names the state after this event by its content. Pass it as `after`, at any process, to continue from this state. */
  cursor: Scalars['String']['output'];
  /** The time until the next poll, in ms. The poll is later if the quota has no room. */
  nextPollMs: Scalars['Int']['output'];
  /** The number of the event in this subscription, from 1. If a number is missing, an event was lost: subscribe again. */
  sequence: Scalars['SafeInt']['output'];
};

/** The account has reached LuaAuth's maximum number of ad systems. */
export type MaxSystemsReached = Refusal & {
  __typename?: 'MaxSystemsReached';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** The client has run the function. */
export type MessageDelivered = {
  __typename?: 'MessageDelivered';
  /** The function's return value, at most 64 kB of JSON; null if it returned nothing. */
  response?: Maybe<Scalars['JSON']['output']>;
};

/** Why a message has no response. */
export type MessageFailure =
  /** The function ran and failed. */
  | 'FUNCTION_ERRORED'
  /** The function ran, but its return value cannot be sent. */
  | 'INVALID_RETURN'
  /** The client did not answer in time. The function may have run. */
  | 'NO_RESPONSE'
  /** The script has registered no function of this name. */
  | 'NO_SUCH_FUNCTION'
  /** A reason that LuaAuth does not document; see `detail`. */
  | 'UNKNOWN';

/** LuaAuth accepted the message, but the function returned no response. */
export type MessageNotDelivered = {
  __typename?: 'MessageNotDelivered';
  /** LuaAuth's message, shortened. It quotes the error of a function that failed. */
  detail: Scalars['String']['output'];
  /** Why not. */
  reason: MessageFailure;
};

/** The session, the function to call, and its argument. */
export type MessageSessionInput = {
  /** The argument of the function: any JSON, at most 64 kB of text. If it is absent nothing is sent, and LuaAuth gives the function an empty list. */
  data?: InputMaybe<Scalars['JSON']['input']>;
  /** The name under which the script has registered the function: 1 to 512 characters. */
  handler: Scalars['String']['input'];
  /** The id of the session. */
  id: Scalars['ID']['input'];
};

/** The result of messageSession. */
export type MessageSessionResult = InvalidFields | MessageDelivered | MessageNotDelivered | NotPermitted | UnknownRefusal;

/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Bans a user: LuaAuth blacklists the user, and according to its help also the user's IP address. If the user is blacklisted already, the old reason and end stay: unblacklist first. LuaAuth does not document whether it ends sessions. Costs one REST call, two when the user is selected. Needs the scope `users:write`. */
  blacklistUser: BlacklistUserResult;
  /** Creates an ad system. Repeating it would create another ad system, so the gateway never sends it twice. If the outcome is unknown, read `adSystems` before you try again. Costs one REST call, two when the ad system is selected. Needs the scope `ads:write`. */
  createAdSystem: CreateAdSystemResult;
  /** Deletes a project for good. LuaAuth does not document what happens to its scripts and users. LuaAuth refuses a second deletion as NotPermitted. Costs one REST call. Needs the scope `projects:delete`. */
  deleteProject: DeleteProjectResult;
  /** Deletes a script for good. LuaAuth refuses a second deletion as NotPermitted. Costs one REST call. Needs the scope `scripts:delete`. */
  deleteScript: DeleteScriptResult;
  /** Ends one session: its user is disconnected, and may connect again. LuaAuth may list the session for a while, and does not say when it is gone. Later reads of this session, and of any list of sessions, skip the cache. LuaAuth refuses an unknown session as NotPermitted. Costs one REST call. Needs the scope `sessions:write`. */
  disconnectSession: DisconnectSessionResult;
  /** Ends many sessions with one REST call. LuaAuth does not say which of them existed, and may list them for a while. Later reads of these sessions, and of any list of sessions, skip the cache. Costs one REST call. Needs the scope `sessions:write`. */
  disconnectSessions: DisconnectSessionsResult;
  /** Changes an ad system. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, two when the ad system is selected. Needs the scope `ads:write`. */
  editAdSystem: EditAdSystemResult;
  /** Changes a project's settings. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, also when the project is selected. Needs the scope `projects:write`. */
  editProject: EditProjectResult;
  /** Changes a script's settings. An absent field stays as it is. Repeating it has no further effect. Costs one REST call, two when the script is selected. Needs the scope `scripts:write`. */
  editScript: EditScriptResult;
  /** Changes the Discord id, the expiry and the note of a user. An absent field stays as it is; null clears it. Repeating it has no further effect. Costs one REST call, two when the user is selected. Needs the scope `users:write`. */
  editUser: EditUserResult;
  /** Calls a function that the script has registered, on the client of one session, and waits up to 60 s for its result. Other time limits of the gateway do not apply to this wait. They apply to later fields of the operation, so send this mutation alone. The gateway never repeats it. Costs one REST call, however long it waits. Needs the scope `sessions:write`. */
  messageSession: MessageSessionResult;
  /** Enables or disables a script. Sets the state rather than flipping it, so repeating it has no further effect. Costs one REST call, two when the script is selected. Needs the scope `scripts:write`. */
  toggleScript: ToggleScriptResult;
  /** Ends the blacklisting of a user. A user who is not blacklisted stays unchanged. Costs one REST call, two when the user is selected. Needs the scope `users:write`. */
  unblacklistUser: UnblacklistUserResult;
  /** Replaces a script's source code. LuaAuth may count each call as a new version. Costs one REST call, two when the script is selected. Needs the scope `scripts:source`. */
  updateScript: UpdateScriptResult;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationBlacklistUserArgs = {
  input: BlacklistUserInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationCreateAdSystemArgs = {
  input: CreateAdSystemInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationDeleteProjectArgs = {
  input: DeleteProjectInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationDeleteScriptArgs = {
  input: DeleteScriptInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationDisconnectSessionArgs = {
  input: DisconnectSessionInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationDisconnectSessionsArgs = {
  input: DisconnectSessionsInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationEditAdSystemArgs = {
  input: EditAdSystemInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationEditProjectArgs = {
  input: EditProjectInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationEditScriptArgs = {
  input: EditScriptInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationEditUserArgs = {
  input: EditUserInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationMessageSessionArgs = {
  input: MessageSessionInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationToggleScriptArgs = {
  input: ToggleScriptInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationUnblacklistUserArgs = {
  input: UnblacklistUserInput;
};


/** Writes, carried out one after the other. The result of a mutation is a union: its success, and a type for each refusal by LuaAuth. Any other failure (no credential, quota, timeout, unusable answer) is an entry in `errors`. Its `extensions.outcome` says whether LuaAuth may have carried out the write. Then `data` is null: earlier writes of the operation were carried out, later writes are not sent. */
export type MutationUpdateScriptArgs = {
  input: UpdateScriptInput;
};

/** The user is not blacklisted. The call changed nothing: `user` shows the current state. */
export type NotBlacklisted = Refusal & {
  __typename?: 'NotBlacklisted';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
  /** The user, for one more REST call. Null, with an error here, if the user cannot be read. Needs the scope `users:read`. */
  user?: Maybe<User>;
};

/** The API key has no permission, or the object does not exist: LuaAuth does not tell the two apart. */
export type NotPermitted = Refusal & {
  __typename?: 'NotPermitted';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
  /** The authorization failures that LuaAuth lists; may be empty. */
  reasons: Array<Scalars['String']['output']>;
};

/** The input changes nothing. The gateway refuses an input of the id alone without a REST call. */
export type NothingToEdit = Refusal & {
  __typename?: 'NothingToEdit';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** How many users of a script were connected during the last day, from the memory of this process. */
export type OnlineHistory = {
  __typename?: 'OnlineHistory';
  /** When the first period began. */
  from: Scalars['DateTime']['output'];
  /** The length of a period, in ms. */
  periodMs: Scalars['Int']['output'];
  /** The most connected users in each period, one number for each period of a day. Null: there is no sample of that period. */
  sessions: Array<Maybe<Scalars['Int']['output']>>;
};

/** The position of a page in its connection. Only forward pagination exists, as the API counts positions from the start. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** The cursor of the last edge, for the next `after`; null on an empty page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether more sessions follow. The API gives no total. If this may be the last page, selecting this field costs one further REST call. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether sessions precede this page: true when `after` was given, or `from` above 0. Costs nothing. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the first edge; null on an empty page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** A project, to which scripts and users belong. Reading it costs one REST call, however often the operation selects it. */
export type Project = {
  __typename?: 'Project';
  /** The ad systems of the project, taken from the account's list. Costs one REST call, shared with `Query.adSystems` and all other projects of the operation. Null, with an error here, if the list cannot be read. Needs the scopes `projects:read` and `ads:read`. */
  adSystems?: Maybe<Array<AdSystem>>;
  /** Whether users may reset their own fingerprint. A forced reset ignores it. Needs the scope `projects:read`. */
  allowFingerprintResets: Scalars['Boolean']['output'];
  /** The URL to which blacklists are posted. A secret: anybody with the URL of a Discord webhook can post to it. Null: none is set. Needs the scope `secrets:read`. */
  blacklistWebhook?: Maybe<Scalars['String']['output']>;
  /** Whether users are deleted 15 minutes after their key has expired. Needs the scope `projects:read`. */
  deleteExpiredUsers: Scalars['Boolean']['output'];
  /** The URL to which executions are posted. A secret: anybody with the URL of a Discord webhook can post to it. Null: none is set. Needs the scope `secrets:read`. */
  executionWebhook?: Maybe<Scalars['String']['output']>;
  /** Executions per day of all scripts together, in the order of the API. Null, with an error here, if they cannot be read. Costs one REST call, shared with `scripts`. Needs the scope `projects:read`. */
  executions?: Maybe<Array<Execution>>;
  /** How long users must wait between two resets of their fingerprint, in ms. Needs the scope `projects:read`. */
  fingerprintResetCooldownMs: Scalars['SafeInt']['output'];
  /** The project's id in LuaAuth. Needs the scope `projects:read`. */
  id: Scalars['ID']['output'];
  /** The URL to which information is posted. A secret: anybody with the URL of a Discord webhook can post to it. Null: none is set. Needs the scope `secrets:read`. */
  informationWebhook?: Maybe<Scalars['String']['output']>;
  /** The project's name. Needs the scope `projects:read`. */
  name: Scalars['String']['output'];
  /** The scripts in the API's list of the project's executions. The API has no other list of scripts, and does not document whether scripts without executions are in it. Costs one REST call, shared with `executions`. The scripts' ids, names and executions are free. Any other field costs one call for each of the first 100 scripts. A script that cannot be read is null, with an error at its index. The list is null, with an error here, if it cannot be read. Needs the scopes `projects:read` and `scripts:read`. */
  scripts?: Maybe<Array<Maybe<Script>>>;
  /** How often the scripts of the project have been executed. Needs the scope `projects:read`. */
  totalExecutions: Scalars['SafeInt']['output'];
};

/** LuaAuth does not allow an ad system for this project. */
export type ProjectNotUsable = Refusal & {
  __typename?: 'ProjectNotUsable';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type Query = {
  __typename?: 'Query';
  /** The ad providers that LuaAuth knows, with the settings that each takes. Costs one REST call. Needs the scope `ads:read`. */
  adProviders?: Maybe<Array<AdProvider>>;
  /** One ad system. An id that is unknown or belongs to another account is an error at this field. Costs one REST call. Needs the scope `ads:read`. */
  adSystem?: Maybe<AdSystem>;
  /** All ad systems of the account. The API lists nothing else for a whole account. Costs one REST call, however often the operation selects the list. Needs the scope `ads:read`. */
  adSystems?: Maybe<Array<AdSystem>>;
  /** The projects that the account's ad systems name, each once, in the order of that list. The API has no list of all projects. A project that cannot be read is null, with an error at its index. Costs one REST call, shared with `adSystems`. Selecting more than the id costs one more call for each of the first 100 projects. Executions, scripts and ad systems cost their own calls. Needs the scopes `ads:read` and `projects:read`. */
  knownProjects?: Maybe<Array<Maybe<Project>>>;
  /** One project. An id that is unknown or belongs to another account is an error at this field. Costs one REST call. Needs the scope `projects:read`. */
  project?: Maybe<Project>;
  /** Several projects in the order of ids. A project that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct id. Needs the scope `projects:read`. */
  projects: Array<Maybe<Project>>;
  /** The quota of the caller's API key when this field is resolved, and the highest price of the operation. Costs no REST call. To see the price without running the operation, send the header `x-upstream: plan`. */
  rateLimit: RateLimit;
  /** One script. An id that is unknown or belongs to another account is an error at this field (FORBIDDEN: LuaAuth does not tell the two apart). Costs one REST call. Needs the scope `scripts:read`. */
  script?: Maybe<Script>;
  /** Several scripts in the order of ids. A script that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct id. Needs the scope `scripts:read`. */
  scripts: Array<Maybe<Script>>;
  /** One connected user by session id. An id that is unknown, ended or belongs to another account is an error at this field. Costs one REST call. Needs the scope `sessions:read`. */
  session?: Maybe<Session>;
  /** Whether LuaAuth answers this gateway, according to its circuit breaker. Makes no REST call and needs no scope. */
  status: Status;
  /** One user by licence key. A key that is unknown or belongs to another account is an error at this field. Costs one REST call. Needs the scope `users:read`. */
  user?: Maybe<User>;
  /** Several users in the order of keys. A user that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct key. Needs the scope `users:read`. */
  users: Array<Maybe<User>>;
  /** The users whose licence keys the operator's table (`USERS_FILE`) gives to a Discord id. An unknown id gives an empty list. A user that cannot be read is null, with an error at its index. The field is an error if there is no table, or if callers send their own LuaAuth keys. Costs one REST call for each key. Needs the scope `users:read`. */
  usersByDiscordId?: Maybe<Array<Maybe<User>>>;
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryAdSystemArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryProjectArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryProjectsArgs = {
  ids: Array<Scalars['ID']['input']>;
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryScriptArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryScriptsArgs = {
  ids: Array<Scalars['ID']['input']>;
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QuerySessionArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryUserArgs = {
  key: Scalars['ID']['input'];
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryUsersArgs = {
  keys: Array<Scalars['ID']['input']>;
};


/** Reads. An operation asks once for each distinct script, session, execution list and session page. */
export type QueryUsersByDiscordIdArgs = {
  discordId: Scalars['ID']['input'];
};

/** The quota of the caller's API key, in REST calls, as the gateway sees it. Calls that bypass the gateway with the same key are not included. */
export type RateLimit = {
  __typename?: 'RateLimit';
  /** The most REST calls that this operation may make: every id distinct, every page full, nothing shared. */
  cost: Scalars['Int']['output'];
  /** REST calls that the quota allows per second. Null: no limit. */
  limit?: Maybe<Scalars['Int']['output']>;
  /** Calls of this API key that wait for their turn. */
  queued: Scalars['Int']['output'];
  /** Calls that could start at this moment. Null: no limit. */
  remaining?: Maybe<Scalars['Int']['output']>;
  /** When the whole quota is free again if no further call starts. */
  resetAt: Scalars['DateTime']['output'];
  /** Calls of the last second, including calls that are about to be sent. */
  used: Scalars['Int']['output'];
};

/** A refusal by LuaAuth. Nothing was changed, and LuaAuth will refuse the same call again. */
export type Refusal = {
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often the operation selects it. */
export type Script = {
  __typename?: 'Script';
  /** Whether the script can be executed at all. Needs the scope `scripts:read`. */
  enabled: Scalars['Boolean']['output'];
  /** Executions per day, in the order of the API, which does not document how many days it lists. Null, with an error here, if they cannot be read. Costs one REST call for each project with two or more of the selected scripts, and one for each other script. If the call for a project fails, its scripts cost one each. Free below `Project.scripts`, which reads the executions of all its scripts with one call. Needs the scope `scripts:read`. */
  executions?: Maybe<Array<Execution>>;
  /** Whether users may execute the script without a key. Needs the scope `scripts:read`. */
  freeForAll: Scalars['Boolean']['output'];
  /** The script's id in LuaAuth. Needs the scope `scripts:read`. */
  id: Scalars['ID']['output'];
  /** Whether users who run an old version are kicked. Needs the scope `scripts:read`. */
  kickOutdated: Scalars['Boolean']['output'];
  /** The script's name. Needs the scope `scripts:read`. */
  name: Scalars['String']['output'];
  /** How many users were connected during the last day. Null unless `METRICS_SCRIPTS` names the script. Costs no REST call. Needs the scope `sessions:read`. */
  onlineHistory?: Maybe<OnlineHistory>;
  /** The project that the script belongs to; null, with an error here, if it cannot be read. The id alone costs no REST call; executions, scripts and ad systems cost their own calls. Any other field costs one call for each distinct project. Needs the scope `scripts:read`. */
  project?: Maybe<Project>;
  /** Whether users without WebSockets are refused. Needs the scope `scripts:read`. */
  requireSessions: Scalars['Boolean']['output'];
  /** Connected users, in the order of the API. With a filter, only sessions that match every given property. Sessions start and end between pages, and pages count positions: a session may appear twice or be missed. There is no `last` and no `before`: the API counts from the start of the list. Null, with an error here, if they cannot be read, or if `first`, `after` or `from` is invalid. Costs one REST call per page; see also `hasNextPage`. Needs the scope `sessions:read`. */
  sessions?: Maybe<SessionConnection>;
  /** How often the script has been executed. Needs the scope `scripts:read`. */
  totalExecutions: Scalars['SafeInt']['output'];
  /** LuaAuth's count of instances. Needs the scope `scripts:read`. */
  totalInstances: Scalars['SafeInt']['output'];
  /** LuaAuth's count of sessions. It may differ from the length of `sessions`. Needs the scope `scripts:read`. */
  totalSessions: Scalars['SafeInt']['output'];
  /** Whether users are checked again after the first verification. Needs the scope `scripts:read`. */
  useHeartbeat: Scalars['Boolean']['output'];
};


/** A Lua script that is licensed through LuaAuth. Reading it costs one REST call, however often the operation selects it. */
export type ScriptSessionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<SessionFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  from?: InputMaybe<Scalars['Int']['input']>;
};

/** An event of a stream of connected users: one for each poll that found something. */
export type ScriptSessionsEvent = SessionsChange | SessionsDelay | SessionsSnapshot;

/** A user who is connected to a script now. A session that has ended can no longer be read. */
export type Session = {
  __typename?: 'Session';
  /** When the user connected. Needs the scope `sessions:read`. */
  createdAt: Scalars['DateTime']['output'];
  /** The session's id in LuaAuth. Needs the scope `sessions:read`. */
  id: Scalars['ID']['output'];
  /** The id of the Roblox server that the user plays on. Needs the scope `sessions:read`. */
  jobId: Scalars['ID']['output'];
  /** The id of the Roblox place: exact digits, never rounded. Needs the scope `sessions:read`. */
  placeId: Scalars['ID']['output'];
  /** The user's id on Roblox: exact digits, never rounded. Needs the scope `sessions:read`. */
  robloxId: Scalars['ID']['output'];
  /** The script that the user runs; null, with an error here, if it cannot be read. The id alone costs no REST call. Any other field costs one call for each distinct script. Needs the scope `sessions:read`. */
  script?: Maybe<Script>;
  /** The user of this licence key. Null without a key, and null with an error here if the user cannot be read. Costs one REST call for each distinct key. Needs the scope `users:read`. */
  user?: Maybe<User>;
  /** The user's licence key; null for a user of a free-for-all script without a key. Needs the scope `users:read`. */
  userKey?: Maybe<Scalars['String']['output']>;
};

/** A page of a script's connected users. */
export type SessionConnection = {
  __typename?: 'SessionConnection';
  /** The sessions with their cursors. */
  edges: Array<SessionEdge>;
  /** The sessions without their cursors. */
  nodes: Array<Session>;
  /** The position of this page in the list. */
  pageInfo: PageInfo;
};

/** A session and its cursor. */
export type SessionEdge = {
  __typename?: 'SessionEdge';
  /** An opaque cursor for `after`, valid for the same script and filter. */
  cursor: Scalars['String']['output'];
  /** The session. */
  node: Session;
};

/** The properties that a session must have. A session must match every given field; absent and null fields are ignored. */
export type SessionFilter = {
  /** The id of the Roblox server. */
  jobId?: InputMaybe<Scalars['ID']['input']>;
  /** The id of the Roblox place, in digits. */
  placeId?: InputMaybe<Scalars['ID']['input']>;
  /** The user's id on Roblox, in digits. */
  robloxId?: InputMaybe<Scalars['ID']['input']>;
  /** The user's licence key. The gateway sends it to LuaAuth in the URL of the REST call. */
  userKey?: InputMaybe<Scalars['String']['input']>;
};

/** The changes since the previous event. A session that appears and disappears between two events is in neither list. */
export type SessionsChange = LiveEvent & {
  __typename?: 'SessionsChange';
  /** The sessions that have begun. */
  appeared: Array<Session>;
  /** When the gateway read the data of this event. */
  asOf: Scalars['DateTime']['output'];
  /** Names the state after this event by its content. Pass it as `after`, at any process, to continue from this state. */
  cursor: Scalars['String']['output'];
  /** The ids of the sessions that have ended. */
  disappearedIds: Array<Scalars['ID']['output']>;
  /** The time until the next poll, in ms. The poll is later if the quota has no room. */
  nextPollMs: Scalars['Int']['output'];
  /** The number of the event in this subscription, from 1. If a number is missing, an event was lost: subscribe again. */
  sequence: Scalars['SafeInt']['output'];
};

/** The data is older than two intervals between polls, because polls wait or fail; `reason` says why. The event comes once, and again only after the data was new. The stream continues by itself. */
export type SessionsDelay = LiveEvent & {
  __typename?: 'SessionsDelay';
  /** When the gateway read the data of this event. */
  asOf: Scalars['DateTime']['output'];
  /** Names the state after this event by its content. Pass it as `after`, at any process, to continue from this state. */
  cursor: Scalars['String']['output'];
  /** The time until the next poll, in ms. The poll is later if the quota has no room. */
  nextPollMs: Scalars['Int']['output'];
  /** Why polls wait or fail. */
  reason: LiveDelayReason;
  /** The number of the event in this subscription, from 1. If a number is missing, an event was lost: subscribe again. */
  sequence: Scalars['SafeInt']['output'];
};

/** The whole list of connected users, within the filter. Replace what you know with it. It comes first in a stream, then once a minute, and in place of a change of more than 1,000 sessions. */
export type SessionsSnapshot = LiveEvent & {
  __typename?: 'SessionsSnapshot';
  /** When the gateway read the data of this event. */
  asOf: Scalars['DateTime']['output'];
  /** False if the script has more sessions than the stream follows (2,000). */
  complete: Scalars['Boolean']['output'];
  /** Names the state after this event by its content. Pass it as `after`, at any process, to continue from this state. */
  cursor: Scalars['String']['output'];
  /** The time until the next poll, in ms. The poll is later if the quota has no room. */
  nextPollMs: Scalars['Int']['output'];
  /** The number of the event in this subscription, from 1. If a number is missing, an event was lost: subscribe again. */
  sequence: Scalars['SafeInt']['output'];
  /** The sessions, in no particular order. */
  sessions: Array<Session>;
};

/** Whether LuaAuth answers this gateway. */
export type Status = {
  __typename?: 'Status';
  /** The reason as one sentence; null while LuaAuth is AVAILABLE. */
  reason?: Maybe<Scalars['String']['output']>;
  /** When this state began, as far as this process knows. */
  since: Scalars['DateTime']['output'];
  /** The state of LuaAuth. */
  upstream: UpstreamState;
};

/** Streams of events. A stream begins with the present state. */
export type Subscription = {
  __typename?: 'Subscription';
  /** The connected users of a script: first the list, then each change. The gateway polls LuaAuth, once for all subscribers of a script: every 2 s, and up to every 30 s while nothing changes. The first poll costs one REST call; later polls use only permits that other calls leave free. Needs the scope `sessions:read`. */
  scriptSessions: ScriptSessionsEvent;
};


/** Streams of events. A stream begins with the present state. */
export type SubscriptionScriptSessionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<SessionFilter>;
  scriptId: Scalars['ID']['input'];
};

/** The account's tier does not include free-for-all mode. */
export type TierTooLow = Refusal & {
  __typename?: 'TierTooLow';
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** A script and whether to enable it. */
export type ToggleScriptInput = {
  /** Whether the script can be executed. */
  enabled: Scalars['Boolean']['input'];
  /** The id of the script. */
  id: Scalars['ID']['input'];
};

/** The result of toggleScript. */
export type ToggleScriptResult = InvalidFields | NotPermitted | ToggleScriptSuccess | UnknownRefusal;

/** LuaAuth has enabled or disabled the script. */
export type ToggleScriptSuccess = {
  __typename?: 'ToggleScriptSuccess';
  /** The script, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `scripts:read`. */
  script?: Maybe<Script>;
};

/** The user to unblacklist. */
export type UnblacklistUserInput = {
  /** The licence key. */
  key: Scalars['ID']['input'];
};

/** The result of unblacklistUser. */
export type UnblacklistUserResult = AccountExpired | InvalidFields | NotBlacklisted | NotPermitted | UnblacklistUserSuccess | UnknownRefusal;

/** LuaAuth has ended the blacklisting. */
export type UnblacklistUserSuccess = {
  __typename?: 'UnblacklistUserSuccess';
  /** The user, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `users:read`. */
  user?: Maybe<User>;
};

/** A refusal that LuaAuth does not document for this endpoint. */
export type UnknownRefusal = Refusal & {
  __typename?: 'UnknownRefusal';
  /** LuaAuth's code; its meaning depends on the endpoint. */
  code: Scalars['Int']['output'];
  /** LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's. */
  message: Scalars['String']['output'];
};

/** A script and its new source code. */
export type UpdateScriptInput = {
  /** The id of the script. */
  id: Scalars['ID']['input'];
  /** The whole source code. The gateway passes it on unchanged. Send it as a variable. */
  source: Scalars['String']['input'];
};

/** The result of updateScript. */
export type UpdateScriptResult = InvalidFields | NotPermitted | UnknownRefusal | UpdateScriptSuccess;

/** LuaAuth has replaced the source code. */
export type UpdateScriptSuccess = {
  __typename?: 'UpdateScriptSuccess';
  /** The script, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded. Needs the scope `scripts:read`. */
  script?: Maybe<Script>;
};

/** Whether LuaAuth answers. */
export type UpstreamState =
  /** LuaAuth answers, as far as is known. */
  | 'AVAILABLE'
  /** The last call failed, or there was no call since LuaAuth was unavailable. */
  | 'DEGRADED'
  /** LuaAuth does not answer. The gateway tries again every few seconds if there is a call to make. */
  | 'UNAVAILABLE';

/** A licence key and its user. The API does not tell the project of a key. Reading it costs one REST call, however often the operation selects it. */
export type User = {
  __typename?: 'User';
  /** Why and until when the user is blacklisted; null: not blacklisted. Costs nothing more. Needs the scope `users:read`. */
  blacklist?: Maybe<Blacklist>;
  /** The user's id on Discord: exact digits; null: not linked. Needs the scope `users:read`. */
  discordId?: Maybe<Scalars['ID']['output']>;
  /** How often the user has executed scripts. Needs the scope `users:read`. */
  executions: Scalars['SafeInt']['output'];
  /** The program in which the user runs scripts; null: not known. Needs the scope `users:read`. */
  executor?: Maybe<Scalars['String']['output']>;
  /** The part of the fingerprint that the API shows: one line each for ip, fingerprint and executor; null: none. Needs the scope `secrets:read`. */
  fingerprint?: Maybe<Scalars['String']['output']>;
  /** Whether the key is bound to a machine. Needs the scope `users:read`. */
  fingerprintAssigned: Scalars['Boolean']['output'];
  /** An id for caches, a hash of the key that does not reveal it. It is the same in all gateways and stays as long as the key. No argument accepts it. Needs the scope `users:read`. */
  id: Scalars['ID']['output'];
  /** The licence key. It is a secret. Needs the scope `users:read`. */
  key: Scalars['ID']['output'];
  /** When the key expires; null: never. Needs the scope `users:read`. */
  keyExpiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** When the fingerprint was last reset; null: never. Needs the scope `users:read`. */
  lastResetAt?: Maybe<Scalars['DateTime']['output']>;
  /** The account's note about the user; null: none. Needs the scope `users:read`. */
  note?: Maybe<Scalars['String']['output']>;
  /** How often the fingerprint has been reset. Needs the scope `users:read`. */
  totalFingerprintResets: Scalars['SafeInt']['output'];
};
