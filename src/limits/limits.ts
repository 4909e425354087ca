/** What one request may ask for. `Infinity` stands for no limit. */
export interface Limits {
  /** Characters in a document. */
  readonly documentLength: number;
  /** Lexical tokens in a document, comments not counted. */
  readonly tokens: number;
  /** Fields inside fields. Introspection has an allowance of its own. */
  readonly depth: number;
  /** Fields with an alias, and fields that repeat a neighbour; a fragment counts wherever it is spread. */
  readonly aliases: number;
  /** Directives; those of a fragment count wherever it is spread. */
  readonly directives: number;
  /** Fields at the root of a query. */
  readonly queryFields: number;
  /** Fields at the root of a mutation. */
  readonly mutationFields: number;
  /** REST calls that an operation may need in the worst case, with its variables. */
  readonly restCalls: number;
  /** Objects that an answer may hold in the worst case, with its variables: list items, entities and introspection included. */
  readonly answerObjects: number;
  /** Bytes in an answer, counted as it is made. */
  readonly answerBytes: number;
}

export const defaultLimits: Limits = {
  documentLength: 20_000,
  tokens: 2_000,
  depth: 10,
  aliases: 60,
  directives: 20,
  queryFields: 50,
  mutationFields: 25,
  restCalls: 250,
  answerObjects: 20_000,
  answerBytes: 16 * 1024 * 1024,
};
