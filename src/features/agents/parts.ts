import type { ListedDocuments } from '../../operation/document-resolver.ts';

export interface AgentDocuments {
  readonly listed: ListedDocuments;
  /** Whether to add a tool that runs any query. */
  readonly isArbitrary: boolean;
  /** The first sentences of the instructions, if the sandbox answers. */
  readonly sandboxAdvice?: string | undefined;
}
