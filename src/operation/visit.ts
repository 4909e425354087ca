import { type DocumentNode, type ExecutionResult, getOperationAST, type OperationTypeNode } from 'graphql';
import { REQUEST_ID, requestIdFor } from '../http/request-id.ts';
import type { Tally } from '../transport/tally.ts';

/** What may be told of one request to the gateway: facts about it, never its document, variables or body. */
export interface Visit {
  readonly requestId: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** When it arrived, as `performance.now()` has it. */
  readonly startedAt: number;
  header(name: string): string | null;
  /** The operation, once its document could be parsed. */
  operation?: { readonly name: string | undefined; readonly type: OperationTypeNode };
  /** How the operation's reads come about; missing until it runs. */
  tally?: Readonly<Tally>;
  /** `extensions.code` of each error in the answer. */
  codes: readonly string[];
  /** How long each phase took, in ms, if an observer uses that. */
  readonly phases: { [P in Phase]?: number };
}

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

export type Facts = Pick<Visit, 'method' | 'path' | 'header'>;

/** Where an operation's context holds the request: Node's own at a node:http server, else the one of the Fetch API. */
export interface VisitKeys {
  readonly req?: object;
  readonly request?: object;
}

/** Whether a request was sent as an operation, even if it could not be read; the GraphiQL page and probes are not. */
export function isOperation({ path, method, operation, codes }: Visit): boolean {
  return (
    operation !== undefined || (/^\/graphql(\/|$)/.test(path) && (method === 'POST' || codes.length > 0))
  );
}

/** The requests that are under way. */
export function createVisits(observers: readonly VisitObserver[]) {
  const visits = new WeakMap<object, Visit>();
  const of = ({ req, request }: VisitKeys): Visit | undefined =>
    (req && visits.get(req)) ?? (request && visits.get(request));

  return {
    of,
    begin(key: object, facts: Facts): Visit {
      const requestId = requestIdFor(facts.header(REQUEST_ID));
      const startedAt = performance.now();
      const visit: Visit = { ...facts, requestId, startedAt, codes: [], phases: {} };
      visits.set(key, visit);
      for (const observer of observers) observer.began?.(visit);
      return visit;
    },
    parsed(keys: VisitKeys, document: DocumentNode, operationName: string | undefined): void {
      const visit = of(keys);
      const operation = getOperationAST(document, operationName);
      if (visit && operation) visit.operation = { name: operation.name?.value, type: operation.operation };
    },
    took(keys: VisitKeys, phase: Phase, ms: number): void {
      const visit = of(keys);
      if (visit) visit.phases[phase] = ms;
    },
    running(keys: VisitKeys, tally: Readonly<Tally>): void {
      const visit = of(keys);
      if (!visit) return;
      visit.tally = tally;
      for (const observer of observers) observer.running?.(visit);
    },
    answered(visit: Visit, { errors = [] }: ExecutionResult): void {
      visit.codes = errors.map(({ extensions }) => String(extensions?.code));
    },
    end(visit: Visit, status: number): void {
      const durationMs = performance.now() - visit.startedAt;
      for (const observer of observers) observer.ended?.(visit, { status, durationMs });
    },
  };
}

export type Visits = ReturnType<typeof createVisits>;
