/**
 * The part of the schema that clients and the supergraph rely on: names, arguments and nullability, as `signaturesOf`
 * writes them. More may be added to the schema; none of this may go or change.
 */
export const CONTRACT = `
scalar DateTime
scalar SafeInt
Query.script(id: ID!): Script
Query.scripts(ids: [ID!]!): [Script]!
Query.session(id: ID!): Session
Query.rateLimit: RateLimit!
RateLimit.limit: Int
RateLimit.remaining: Int
RateLimit.used: Int!
RateLimit.resetAt: DateTime!
RateLimit.cost: Int!
RateLimit.queued: Int!
Query.status: Status!
Status.upstream: UpstreamState!
Status.since: DateTime!
Status.reason: String
Query.project(id: ID!): Project
Query.projects(ids: [ID!]!): [Project]!
Query.user(key: ID!): User
Query.users(keys: [ID!]!): [User]!
Query.usersByDiscordId(discordId: ID!): [User]
Script.id: ID!
Script.project: Project
Script.name: String!
Script.freeForAll: Boolean!
Script.useHeartbeat: Boolean!
Script.kickOutdated: Boolean!
Script.requireSessions: Boolean!
Script.enabled: Boolean!
Script.totalExecutions: SafeInt!
Script.totalSessions: SafeInt!
Script.totalInstances: SafeInt!
Script.executions: [Execution!]
Script.sessions(after: String, filter: SessionFilter, first: Int = 50, from: Int): SessionConnection
Project.id: ID!
Project.name: String!
Project.fingerprintResetCooldownMs: SafeInt!
Project.allowFingerprintResets: Boolean!
Project.deleteExpiredUsers: Boolean!
Project.executionWebhook: String
Project.informationWebhook: String
Project.blacklistWebhook: String
Project.totalExecutions: SafeInt!
Project.executions: [Execution!]
Project.scripts: [Script]
User.key: ID!
User.discordId: ID
User.fingerprintAssigned: Boolean!
User.executor: String
User.executions: SafeInt!
User.keyExpiresAt: DateTime
User.lastResetAt: DateTime
User.totalFingerprintResets: SafeInt!
User.note: String
User.blacklist: Blacklist
User.fingerprint: String
Blacklist.reason: String
Blacklist.expiresAt: DateTime
Execution.date: String!
Execution.count: SafeInt!
Session.id: ID!
Session.script: Script
Session.userKey: String
Session.user: User
Session.robloxId: ID!
Session.placeId: ID!
Session.jobId: ID!
Session.createdAt: DateTime!
SessionFilter.userKey: String
SessionFilter.robloxId: ID
SessionFilter.placeId: ID
SessionFilter.jobId: ID
SessionConnection.edges: [SessionEdge!]!
SessionConnection.nodes: [Session!]!
SessionConnection.pageInfo: PageInfo!
SessionEdge.cursor: String!
SessionEdge.node: Session!
PageInfo.hasNextPage: Boolean!
PageInfo.hasPreviousPage: Boolean!
PageInfo.startCursor: String
PageInfo.endCursor: String
Query.adSystems: [AdSystem!]
Query.adSystem(id: ID!): AdSystem
Query.adProviders: [AdProvider!]
Query.knownProjects: [Project]
Project.adSystems: [AdSystem!]
AdSystem.id: ID!
AdSystem.project: Project
AdSystem.name: String!
AdSystem.keyDurationMs: SafeInt!
AdSystem.maxKeys: SafeInt!
AdSystem.allowExtending: Boolean!
AdSystem.maxDurationMs: SafeInt!
AdProvider.name: String!
AdProvider.settings: [AdProviderSetting!]!
AdProviderSetting.id: ID!
AdProviderSetting.name: String!
AdProviderSetting.type: AdProviderSettingType!
AdProviderSetting.info: String
AdProviderSettingType = INFO | TEXT | TOGGLE | UNKNOWN
Mutation.createAdSystem(input: CreateAdSystemInput!): CreateAdSystemResult!
Mutation.editAdSystem(input: EditAdSystemInput!): EditAdSystemResult!
CreateAdSystemInput.projectId: ID!
CreateAdSystemInput.name: String!
CreateAdSystemInput.keyDurationMs: SafeInt
CreateAdSystemInput.maxKeys: SafeInt
CreateAdSystemInput.allowExtending: Boolean
CreateAdSystemInput.maxDurationMs: SafeInt
EditAdSystemInput.id: ID!
EditAdSystemInput.projectId: ID
EditAdSystemInput.name: String
EditAdSystemInput.keyDurationMs: SafeInt
EditAdSystemInput.maxKeys: SafeInt
EditAdSystemInput.allowExtending: Boolean
EditAdSystemInput.maxDurationMs: SafeInt
CreateAdSystemResult = AccountExpired | CreateAdSystemSuccess | InvalidFields | MaxSystemsReached | NotPermitted | ProjectNotUsable | UnknownRefusal
EditAdSystemResult = EditAdSystemSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal
CreateAdSystemSuccess.adSystemId: ID!
CreateAdSystemSuccess.adSystem: AdSystem
EditAdSystemSuccess.adSystem: AdSystem
MaxSystemsReached implements Refusal
ProjectNotUsable implements Refusal
Mutation.editScript(input: EditScriptInput!): EditScriptResult!
Mutation.updateScript(input: UpdateScriptInput!): UpdateScriptResult!
Mutation.toggleScript(input: ToggleScriptInput!): ToggleScriptResult!
Mutation.deleteScript(input: DeleteScriptInput!): DeleteScriptResult!
Mutation.disconnectSession(input: DisconnectSessionInput!): DisconnectSessionResult!
Mutation.disconnectSessions(input: DisconnectSessionsInput!): DisconnectSessionsResult!
Mutation.messageSession(input: MessageSessionInput!): MessageSessionResult!
Mutation.editProject(input: EditProjectInput!): EditProjectResult!
Mutation.deleteProject(input: DeleteProjectInput!): DeleteProjectResult!
Mutation.editUser(input: EditUserInput!): EditUserResult!
Mutation.blacklistUser(input: BlacklistUserInput!): BlacklistUserResult!
Mutation.unblacklistUser(input: UnblacklistUserInput!): UnblacklistUserResult!
EditProjectInput.id: ID!
EditProjectInput.name: String
EditProjectInput.fingerprintResetCooldownMs: SafeInt
EditProjectInput.allowFingerprintResets: Boolean
EditProjectInput.deleteExpiredUsers: Boolean
EditProjectInput.executionWebhook: String
EditProjectInput.informationWebhook: String
EditProjectInput.blacklistWebhook: String
DeleteProjectInput.id: ID!
EditUserInput.key: ID!
EditUserInput.discordId: ID
EditUserInput.keyExpiresAt: DateTime
EditUserInput.note: String
BlacklistUserInput.key: ID!
BlacklistUserInput.reason: String
BlacklistUserInput.expiresAt: DateTime
UnblacklistUserInput.key: ID!
EditProjectResult = AccountExpired | EditProjectSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal
DeleteProjectResult = DeleteProjectSuccess | InvalidFields | NotPermitted | UnknownRefusal
EditUserResult = AccountExpired | DiscordAlreadyLinked | EditUserSuccess | InvalidFields | NotPermitted | NothingToEdit | UnknownRefusal
BlacklistUserResult = AccountExpired | AlreadyBlacklisted | BlacklistUserSuccess | InvalidFields | NotPermitted | UnknownRefusal
UnblacklistUserResult = AccountExpired | InvalidFields | NotBlacklisted | NotPermitted | UnblacklistUserSuccess | UnknownRefusal
EditProjectSuccess.project: Project!
DeleteProjectSuccess.deletedProjectId: ID!
EditUserSuccess.user: User
BlacklistUserSuccess.user: User
UnblacklistUserSuccess.user: User
DiscordAlreadyLinked implements Refusal
AlreadyBlacklisted implements Refusal
AlreadyBlacklisted.user: User
NotBlacklisted implements Refusal
NotBlacklisted.user: User
EditScriptInput.id: ID!
EditScriptInput.name: String
EditScriptInput.freeForAll: Boolean
EditScriptInput.useHeartbeat: Boolean
EditScriptInput.kickOutdated: Boolean
EditScriptInput.requireSessions: Boolean
UpdateScriptInput.id: ID!
UpdateScriptInput.source: String!
ToggleScriptInput.id: ID!
ToggleScriptInput.enabled: Boolean!
DeleteScriptInput.id: ID!
DisconnectSessionInput.id: ID!
DisconnectSessionsInput.ids: [ID!]!
MessageSessionInput.id: ID!
MessageSessionInput.handler: String!
MessageSessionInput.data: JSON
EditScriptResult = AccountExpired | EditScriptSuccess | InvalidFields | NotPermitted | NothingToEdit | TierTooLow | UnknownRefusal
UpdateScriptResult = InvalidFields | NotPermitted | UnknownRefusal | UpdateScriptSuccess
ToggleScriptResult = InvalidFields | NotPermitted | ToggleScriptSuccess | UnknownRefusal
DeleteScriptResult = DeleteScriptSuccess | InvalidFields | NotPermitted | UnknownRefusal
DisconnectSessionResult = DisconnectSessionSuccess | InvalidFields | NotPermitted | UnknownRefusal
DisconnectSessionsResult = DisconnectSessionsSuccess | InvalidFields | NotPermitted | UnknownRefusal
MessageSessionResult = InvalidFields | MessageDelivered | MessageNotDelivered | NotPermitted | UnknownRefusal
EditScriptSuccess.script: Script
UpdateScriptSuccess.script: Script
ToggleScriptSuccess.script: Script
DeleteScriptSuccess.deletedScriptId: ID!
DisconnectSessionSuccess.disconnectedSessionId: ID!
DisconnectSessionsSuccess.disconnectedSessionIds: [ID!]!
MessageDelivered.response: JSON
MessageNotDelivered.reason: MessageFailure!
MessageNotDelivered.detail: String!
MessageFailure = FUNCTION_ERRORED | INVALID_RETURN | NO_RESPONSE | NO_SUCH_FUNCTION | UNKNOWN
scalar JSON
Refusal.message: String!
AccountExpired implements Refusal
NothingToEdit implements Refusal
TierTooLow implements Refusal
InvalidFields implements Refusal
InvalidFields.fields: [InvalidField!]!
InvalidField.path: [String!]!
InvalidField.messages: [String!]!
NotPermitted implements Refusal
NotPermitted.reasons: [String!]!
UnknownRefusal implements Refusal
UnknownRefusal.code: Int!
`
  .trim()
  .split('\n');
