import type { Clock } from '../base/clock.ts';
import type { RequestTracker } from '../observability/request-record.ts';
import type { Pipeline, PipelineOptions } from '../operation/pipeline.ts';
import type { Transport } from '../transport/transport.ts';
import type { OwnPath } from './address.ts';
import type { ReserveBody } from './body.ts';
import type { CorsHeaders, HostCheck, OriginCheck } from './guards.ts';
import type { NodeHandler, Upgrade } from './node.ts';

export interface AdapterParts extends Pick<PipelineOptions, 'schema' | 'limits' | 'documents' | 'identify'> {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly checkHost: HostCheck;
  readonly checkOrigin: OriginCheck;
  readonly cors: CorsHeaders | undefined;
  /** Where operations arrive, such as `/api/graphql`. */
  readonly path: string;
  readonly ownPath: OwnPath;
  readonly reserveBody: ReserveBody;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly rateLimit: Transport['rateLimit'];
  /** The header in which a proxy names its client. */
  readonly trustedProxy: string | undefined;
}

export interface SocketUpgrade {
  readonly upgrade: Upgrade;
  /** Refuses further connections, and ends each connection after its operations. */
  end(): void;
}

/** Serves MCP. @throws StartError if a document cannot be a tool */
export type OpenAgents = (parts: AdapterParts) => NodeHandler;
