import type { RequestTracker } from '../observability/request-record.ts';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import type { Pipeline, PipelineOptions } from '../operation/pipeline.ts';
import type { Clock } from '../transport/clock.ts';
import type { Transport } from '../transport/transport.ts';
import type { OpenLease } from './client-body.ts';
import type { CorsHeaders, HostCheck, OriginCheck } from './guards.ts';
import type { NodeHandler } from './node.ts';
import type { Upgrade } from './upgrade.ts';
import type { YogaAdapter } from './yoga.ts';

/** The parts of a gateway from which a feature makes another way in. */
export interface AdapterParts extends Pick<PipelineOptions, 'schema' | 'limits' | 'documents' | 'identify'> {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly checkHost: HostCheck;
  readonly checkOrigin: OriginCheck;
  readonly cors: CorsHeaders | undefined;
  readonly openLease: OpenLease;
  /** Largest request or message, in bytes. */
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly rateLimit: Transport['rateLimit'];
}

/** The hooks of an operation that comes by a WebSocket; undefined: no plugin wraps any. */
export type SocketHooks = YogaAdapter['hooksForSocket'] | undefined;

/** The way for WebSockets. */
export interface SocketUpgrade {
  readonly upgrade: Upgrade;
  /** Takes no further connection, and ends each after its operations. */
  end(): void;
}

/** Opens the way for agents. `replace` gives it other documents, or throws and leaves those of before. @throws StartError */
export type OpenAgents = (parts: AdapterParts) => {
  readonly answer: NodeHandler;
  replace(listed: ListedDocuments): void;
};
