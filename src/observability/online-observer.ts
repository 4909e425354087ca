export interface OnlineObserver {
  /** Undefined: it is not known now. */
  readonly sampled?: (scriptId: string, sessions: number | undefined) => void;
  /** Undefined: LuaAuth lists none. */
  readonly executed?: (scriptId: string, count: number | undefined) => void;
  /** Called once until there is a sample again. */
  readonly failed?: (scriptId: string, reason: string) => void;
}
