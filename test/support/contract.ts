/**
 * What clients and the supergraph rely on: names, arguments and nullability, as `signaturesOf` writes them. More may be
 * added to the schema; none of this may go or change.
 */
export const CONTRACT = `
scalar DateTime
scalar SafeInt
Query.script(id: ID!): Script
Query.scripts(ids: [ID!]!): [Script]!
Query.session(id: ID!): Session
Query.rateLimit: RateLimit!
RateLimit.limit: Int!
RateLimit.remaining: Int!
RateLimit.used: Int!
RateLimit.resetAt: DateTime!
RateLimit.cost: Int!
RateLimit.queued: Int!
Query._service: _Service!
Query._entities(representations: [_Any!]!): [_Entity]!
_Entity = Script | Session
Script.id: ID!
Script.project: Project!
Script.name: String!
Script.freeForAll: Boolean!
Script.useHeartbeat: Boolean!
Script.kickOutdated: Boolean!
Script.requireSessions: Boolean!
Script.enabled: Boolean!
Script.totalExecutions: SafeInt!
Script.totalSessions: SafeInt!
Script.totalInstances: SafeInt!
Script.executions: [Execution!]!
Script.sessions(after: String, filter: SessionFilter, first: Int = 50): SessionConnection!
Project.id: ID!
Execution.date: String!
Execution.count: SafeInt!
Session.id: ID!
Session.script: Script!
Session.userKey: String
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
Mutation.editScript(input: EditScriptInput!): EditScriptResult!
Mutation.updateScript(input: UpdateScriptInput!): UpdateScriptResult!
Mutation.toggleScript(input: ToggleScriptInput!): ToggleScriptResult!
Mutation.deleteScript(input: DeleteScriptInput!): DeleteScriptResult!
Mutation.disconnectSession(input: DisconnectSessionInput!): DisconnectSessionResult!
Mutation.disconnectSessions(input: DisconnectSessionsInput!): DisconnectSessionsResult!
Mutation.messageSession(input: MessageSessionInput!): MessageSessionResult!
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
