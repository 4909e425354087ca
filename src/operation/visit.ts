import type { ExecutionResult, OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { REQUEST_ID, requestIdFor } from '../http/request-id.ts';
import type { Tally } from '../transport/tally.ts';

/** What is known of a request when it arrives. */
export interface Facts {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  header(name: string): string | null;
}

/** What may be told of one request to the gateway: facts about it, never its document, variables or body. */
export class Visit {
  readonly facts: Facts;
  readonly requestId: string;
  /** When it arrived, as `performance.now()` has it. */
  readonly startedAt = performance.now();
  /** The operation, once its document could be parsed. */
  operation: VisitedOperation | undefined = undefined;
  /** How the operation's reads come about; missing until it runs. */
  tally: Readonly<Tally> | undefined = undefined;
  /** `extensions.code` of each error in the answer. */
  codes: readonly string[] = NONE;
  /** How long each phase took, in ms. */
  phases: { readonly [P in Phase]?: number } = NO_PHASES;

  constructor(facts: Facts) {
    this.facts = facts;
    this.requestId = requestIdFor(facts.header(REQUEST_ID));
  }
}

export interface VisitedOperation {
  readonly name: string | undefined;
  readonly type: OperationTypeNode;
}

export function visitedOperation({ name, operation }: OperationDefinitionNode): VisitedOperation {
  return { name: name?.value, type: operation };
}

const NONE: readonly string[] = [];
const NO_PHASES = {};

export type Phase = 'parse' | 'validate' | 'context' | 'execute';

export interface VisitEnd {
  /** The HTTP status; CLIENT_LEFT when the client did not wait for one. */
  readonly status: number;
  readonly durationMs: number;
}

/** The status that stands for no answer, as in nginx's log. */
export const CLIENT_LEFT = 499;

/** Is told of each request as it goes on. What it does must not throw, and costs every request. */
export interface VisitObserver {
  /** Whether it looks at `visit.phases`. */
  readonly usesPhases?: boolean;
  began?(visit: Visit): void;
  /** The operation begins to run; `visit.tally` is known. */
  running?(visit: Visit): void;
  ended?(visit: Visit, end: VisitEnd): void;
}

/** Where an operation's context holds the request: Node's own at a node:http server, else the one of the Fetch API. */
export interface VisitKeys {
  readonly req?: object;
  readonly request?: object;
}

/** Whether a request was sent as an operation, even if it could not be read; the GraphiQL page and probes are not. */
export function isOperation({ facts: { path, method }, operation, codes }: Visit): boolean {
  return (
    operation !== undefined || (/^\/graphql(\/|$)/.test(path) && (method === 'POST' || codes.length > 0))
  );
}

/** The requests that are under way. */
export function createVisits(observers: readonly VisitObserver[]) {
  // A request carries its visit, which costs less than looking it up in a WeakMap (measured: 7 % of a small operation).
  const VISIT = Symbol('visit');
  type Visited = { [VISIT]?: Visit } | undefined;
  const of = ({ req, request }: VisitKeys): Visit | undefined =>
    (req as Visited)?.[VISIT] ?? (request as Visited)?.[VISIT];

  return {
    of,
    /** Whether anybody looks at the phases. */
    usesPhases: observers.some(({ usesPhases }) => usesPhases),
    begin(key: object, facts: Facts): Visit {
      const visit = new Visit(facts);
      (key as { [VISIT]?: Visit })[VISIT] = visit;
      for (const observer of observers) observer.began?.(visit);
      return visit;
    },
    parsed(keys: VisitKeys, operation: VisitedOperation): void {
      const visit = of(keys);
      if (visit) visit.operation = operation;
    },
    took(keys: VisitKeys, phases: Visit['phases']): void {
      const visit = of(keys);
      if (visit) visit.phases = { ...visit.phases, ...phases };
    },
    running(keys: VisitKeys, tally: Readonly<Tally>): void {
      const visit = of(keys);
      // What is begun on the express lane may go on on another.
      if (!visit || visit.tally) return;
      visit.tally = tally;
      for (const observer of observers) observer.running?.(visit);
    },
    answered(visit: Visit, { errors }: ExecutionResult): void {
      if (!errors) return;
      visit.codes = errors.map(({ extensions }) => String(extensions?.code));
    },
    end(visit: Visit, status: number): void {
      const durationMs = performance.now() - visit.startedAt;
      for (const observer of observers) observer.ended?.(visit, { status, durationMs });
    },
  };
}

export type Visits = ReturnType<typeof createVisits>;
