import type { GraphQLSchema } from 'graphql';
import type { Clock } from '../base/clock.ts';
import type { Identify } from '../callers/identify.ts';
import type { Memory } from '../gate/memory.ts';
import type { Turns } from '../gate/turns.ts';
import type { RequestTracker } from '../observability/request-record.ts';
import type { Pipeline, PipelineOptions } from '../operation/pipeline.ts';
import type { Transport } from '../transport/transport.ts';
import type { OwnPath } from './address.ts';
import type { CorsHeaders, HostCheck, OriginCheck } from './guards.ts';
import type { NodeHandler, Upgrade } from './node.ts';

/** What every protocol needs to read operations and to run them. */
export interface Door {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly memory: Memory;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
}

export interface SocketDoor extends Door {
  /** Where operations arrive, such as `/api/graphql`. */
  readonly path: string;
  readonly ownPath: OwnPath;
  readonly checkHost: HostCheck;
  readonly checkOrigin: OriginCheck;
  /** The header in which a proxy names its client. */
  readonly trustedProxy: string | undefined;
}

export interface SocketUpgrade {
  readonly upgrade: Upgrade;
  /** Refuses further connections, and ends each connection after its operations. */
  end(): void;
}

export interface AgentsDoor extends Door, Pick<PipelineOptions, 'limits' | 'documents'> {
  readonly schema: GraphQLSchema;
  readonly identify: Identify;
  readonly turns: Turns;
  readonly rateLimit: Transport['rateLimit'];
  readonly checkOrigin: OriginCheck;
  readonly cors: CorsHeaders | undefined;
}

/** Serves MCP. @throws StartError if a document cannot be a tool */
export type OpenAgents = (door: AgentsDoor) => NodeHandler;
