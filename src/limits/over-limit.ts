import { GraphQLError } from 'graphql';
import type { LimitCode } from '../errors/codes.ts';

export interface OverLimit {
  readonly code: LimitCode;
  /** What was found and what is allowed, in words that hold both numbers. */
  readonly message: string;
  readonly found: number;
  readonly limit: number;
  /** What else a client can use. */
  readonly facts?: object;
}

/** Counts stop here: behind it a document is only larger still, and JSON has no Infinity. */
const CEILING = 1_000_000_000;

export function saturate(count: number): number {
  return Math.min(count, CEILING);
}

/** A refusal before anything runs. It travels like a validation error: 400, or 200 under `application/json`. */
export function overLimit({ code, message, found, limit, facts }: OverLimit): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code, found, limit, ...facts, http: { spec: true, status: 400 } },
  });
}

/** A count for a message: `2,001`. */
export function inWords(count: number): string {
  return count >= CEILING ? 'over a billion' : count.toLocaleString('en');
}
