/** The object types of each interface and union of luaauth-graphql: see docs/typed-clients.md. */
export const possibleTypes = {
  "BlacklistUserResult": [
    "AccountExpired",
    "AlreadyBlacklisted",
    "BlacklistUserSuccess",
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "CreateAdSystemResult": [
    "AccountExpired",
    "CreateAdSystemSuccess",
    "InvalidFields",
    "MaxSystemsReached",
    "NotPermitted",
    "ProjectNotUsable",
    "UnknownRefusal"
  ],
  "DeleteProjectResult": [
    "DeleteProjectSuccess",
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "DeleteScriptResult": [
    "DeleteScriptSuccess",
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "DisconnectSessionResult": [
    "DisconnectSessionSuccess",
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "DisconnectSessionsResult": [
    "DisconnectSessionsSuccess",
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "EditAdSystemResult": [
    "EditAdSystemSuccess",
    "InvalidFields",
    "NotPermitted",
    "NothingToEdit",
    "UnknownRefusal"
  ],
  "EditProjectResult": [
    "AccountExpired",
    "EditProjectSuccess",
    "InvalidFields",
    "NotPermitted",
    "NothingToEdit",
    "UnknownRefusal"
  ],
  "EditScriptResult": [
    "AccountExpired",
    "EditScriptSuccess",
    "InvalidFields",
    "NotPermitted",
    "NothingToEdit",
    "TierTooLow",
    "UnknownRefusal"
  ],
  "EditUserResult": [
    "AccountExpired",
    "DiscordAlreadyLinked",
    "EditUserSuccess",
    "InvalidFields",
    "NotPermitted",
    "NothingToEdit",
    "UnknownRefusal"
  ],
  "LiveEvent": [
    "SessionsChange",
    "SessionsDelay",
    "SessionsSnapshot"
  ],
  "MessageSessionResult": [
    "InvalidFields",
    "MessageDelivered",
    "MessageNotDelivered",
    "NotPermitted",
    "UnknownRefusal"
  ],
  "Refusal": [
    "AccountExpired",
    "AlreadyBlacklisted",
    "DiscordAlreadyLinked",
    "InvalidFields",
    "MaxSystemsReached",
    "NotBlacklisted",
    "NotPermitted",
    "NothingToEdit",
    "ProjectNotUsable",
    "TierTooLow",
    "UnknownRefusal"
  ],
  "ScriptSessionsEvent": [
    "SessionsChange",
    "SessionsDelay",
    "SessionsSnapshot"
  ],
  "ToggleScriptResult": [
    "InvalidFields",
    "NotPermitted",
    "ToggleScriptSuccess",
    "UnknownRefusal"
  ],
  "UnblacklistUserResult": [
    "AccountExpired",
    "InvalidFields",
    "NotBlacklisted",
    "NotPermitted",
    "UnblacklistUserSuccess",
    "UnknownRefusal"
  ],
  "UpdateScriptResult": [
    "InvalidFields",
    "NotPermitted",
    "UnknownRefusal",
    "UpdateScriptSuccess"
  ]
};
