/** The object types of each interface and union of luaauth-graphql: see docs/typed-clients.md. */
export declare const possibleTypes: {
  readonly BlacklistUserResult: string[];
  readonly CreateAdSystemResult: string[];
  readonly DeleteProjectResult: string[];
  readonly DeleteScriptResult: string[];
  readonly DisconnectSessionResult: string[];
  readonly DisconnectSessionsResult: string[];
  readonly EditAdSystemResult: string[];
  readonly EditProjectResult: string[];
  readonly EditScriptResult: string[];
  readonly EditUserResult: string[];
  readonly LiveEvent: string[];
  readonly MessageSessionResult: string[];
  readonly Refusal: string[];
  readonly ScriptSessionsEvent: string[];
  readonly ToggleScriptResult: string[];
  readonly UnblacklistUserResult: string[];
  readonly UpdateScriptResult: string[];
};
