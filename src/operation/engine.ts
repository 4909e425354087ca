import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Context } from '../context.ts';
import type { ExecuteArgs } from '../execution/execute.ts';
import type { DocumentEntry } from './document-entry.ts';

/** The steps of the pipeline that plugins of an embedder can wrap. */
export interface Engine {
  /** The entry to go on with: that of the text, or of a document that was put in its place. */
  parse(entry: DocumentEntry, text: string): DocumentEntry;
  /** Why the entry's document is not valid. */
  validate(entry: DocumentEntry): readonly GraphQLError[];
  createContext(context: Context): Context | PromiseLike<Context>;
  execute(args: ExecuteArgs): ExecutionResult | PromiseLike<ExecutionResult>;
}

/** As graphql's `execute`, with what is known of the operation beforehand. */
export type Execute = (args: ExecuteArgs) => ExecutionResult | PromiseLike<ExecutionResult>;

/** The engine without plugins: what stands in the document's entry is all that is to be known. */
export function createEngine(execute: Execute): Engine {
  return {
    parse: (entry) => entry,
    validate: (entry) => entry.refusals,
    createContext: (context) => context,
    execute,
  };
}
