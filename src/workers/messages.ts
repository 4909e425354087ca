import type { Cost } from './cost.ts';
import type { WireFailure } from './failures.ts';
import type { Flaw } from './flaws.ts';

/** What a worker says to the primary. All messages are JSON. */
export type FromWorker =
  | Question
  /** The client of a question has left. */
  | { readonly kind: 'leave'; readonly id: number }
  /** A client has registered a document. */
  | Registration
  | MetricsRequest
  | { readonly kind: 'counts'; readonly id: number; readonly counts: readonly object[] }
  /** Answers `changed`: what it touches is dropped. */
  | { readonly kind: 'heard'; readonly id: number }
  /** The worker cannot serve, and ends. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What the primary says to a worker. */
export type FromPrimary =
  | Found
  | Failed
  | Registration
  | Changed
  /** Asks for the worker's own counts. */
  | { readonly kind: 'count'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'stop' };

/** One call to the REST API that an operation needs. */
export interface Question {
  readonly kind: 'ask';
  /** Unique in its worker, as is the operation's. */
  readonly id: number;
  readonly operation: number;
  /** The route of the endpoint. */
  readonly endpoint: string;
  readonly params: Readonly<Record<string, string>>;
  readonly payload: object | undefined;
  readonly key: string;
  readonly account: string;
  /** Until its deadline, in ms: two processes have no clock in common. */
  readonly leftMs: number;
  /** The span that the call belongs to, as a `traceparent`. */
  readonly trace: string | undefined;
}

export interface Found {
  readonly kind: 'found';
  readonly id: number;
  readonly value: unknown;
  readonly bytes: number;
  /** How old the value is, in ms; undefined: it must not be kept. */
  readonly ageMs: number | undefined;
  readonly flaws: readonly Flaw[] | undefined;
  readonly cost: Cost;
}

export interface Failed {
  readonly kind: 'failure';
  readonly id: number;
  readonly failure: WireFailure;
  readonly cost: Cost;
}

/** A write has touched these resources, and will be told of as soon as all workers have heard this. */
export interface Changed {
  readonly kind: 'changed';
  readonly id: number;
  readonly touches: readonly string[];
}

export interface Registration {
  readonly kind: 'register';
  readonly hash: string;
  readonly document: string;
}

/** Asks for the metrics of all processes, as text. */
export interface MetricsRequest {
  readonly kind: 'metrics';
  readonly id: number;
}
