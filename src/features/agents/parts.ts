import type { ListedDocuments } from '../../operation/document-resolver.ts';

export interface AgentDocuments {
  readonly listed: ListedDocuments;
  /** Whether there is a tool for any query, beside the tools of the documents. */
  readonly isArbitrary: boolean;
  /** Bytes of the answer to one call. */
  readonly maxAnswerBytes: number;
}
