import type { GraphQLError } from 'graphql';
import { CANNOT_RUN, codedError, type ErrorCode } from '../errors/coded-error.ts';

/** The limits of one request that an operator can set. `Infinity` means no limit. */
export interface Limits {
  /** Fields inside fields. Introspection has its own limit. */
  readonly depth: number;
  /** The highest price of an operation, in REST calls. */
  readonly restCalls: number;
  /** The most objects that an answer may hold by its price: list items, entities and introspection. */
  readonly answerObjects: number;
  /** Bytes in an answer, counted while it is made. */
  readonly answerBytes: number;
}

interface OverLimit {
  readonly code: ErrorCode;
  /** Says what was found and what is allowed, with both numbers. */
  readonly message: string;
  readonly found: number;
  readonly limit: number;
  readonly facts?: object;
}

/** Counting stops here. A larger count helps no reader, and JSON has no Infinity. */
const CEILING = 1_000_000_000;

export function saturate(count: number): number {
  return Math.min(count, CEILING);
}

/** A refusal before anything runs. Its status is the status of validation errors: 422, or 200 under `application/json`. */
export function overLimit({ code, message, found, limit, facts }: OverLimit): GraphQLError {
  return codedError(code, message, { found, limit, ...facts, http: CANNOT_RUN });
}

export function inWords(count: number): string {
  return count >= CEILING ? 'over a billion' : count.toLocaleString('en');
}

const MAX_MESSAGE_LENGTH = 500;

/** A message may quote names as long as the document. Joined, because a slice would keep the whole text in V8's memory. */
export function cut(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH
    ? [message.slice(0, MAX_MESSAGE_LENGTH - 1), '…'].join('')
    : message;
}

export interface LiveLimits {
  /** REST calls per second for all streams of an API key. 0: the quota that other calls leave. */
  readonly rate: number;
  /** The most sessions of a script that is followed. */
  readonly maxSessions: number;
  /** Streams of an account. One caller has at most half of them. */
  readonly maxStreams: number;
  /** Scripts that the streams of an account follow. One caller follows at most half of them. */
  readonly maxScripts: number;
  readonly maxLifetimeMs: number;
}
