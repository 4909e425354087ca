import type { CorsHeaders } from '../../http/guards.ts';
import type { PipelineOptions } from '../../operation/pipeline.ts';
import type { Transport } from '../../transport/transport.ts';
import type { ListedDocuments } from '../persisted/resolve.ts';
import type { SocketUpgradeOptions } from '../websocket/socket-upgrade.ts';

export interface AgentDocuments {
  readonly listed: ListedDocuments;
  /** Whether there is a tool for any query beside those of the documents. */
  readonly isArbitrary: boolean;
  /** Bytes of the answer to one call. */
  readonly maxAnswerBytes: number;
}

/** The parts of a gateway that serve agents. Nothing here is of the library that is loaded for them alone. */
export type AgentsParts = Pick<PipelineOptions, 'schema' | 'limits' | 'documents' | 'identify'> &
  Omit<SocketUpgradeOptions, 'checkHost' | 'hooksFor'> &
  Pick<Transport, 'rateLimit'> & { readonly cors: CorsHeaders | undefined };
