import type { GraphQLError } from 'graphql';
import { CANNOT_RUN, codedError, type LimitCode } from '../errors/coded-error.ts';

/** The most that one request may ask for. `Infinity` stands for no limit. */
export interface Limits {
  /** Characters in a document. */
  readonly documentLength: number;
  /** Lexical tokens in a document, comments not counted. */
  readonly tokens: number;
  /** Fields inside fields. Introspection has an allowance of its own. */
  readonly depth: number;
  /** Fields with an alias, and fields that repeat a neighbour; a fragment counts wherever it is spread. */
  readonly aliases: number;
  /** Directives; those of a fragment count wherever it is spread. */
  readonly directives: number;
  /** Fields at the root of a query. */
  readonly queryFields: number;
  /** Fields at the root of a mutation. */
  readonly mutationFields: number;
  /** REST calls that an operation may need in the worst case, with its variables. */
  readonly restCalls: number;
  /** Objects that an answer may hold in the worst case, with its variables: list items, entities and introspection included. */
  readonly answerObjects: number;
  /** Bytes in an answer, counted as it is made. */
  readonly answerBytes: number;
}

interface OverLimit {
  readonly code: LimitCode;
  /** Says what was found and what is allowed, with both numbers. */
  readonly message: string;
  readonly found: number;
  readonly limit: number;
  /** Other members of `extensions` that a client can use. */
  readonly facts?: object;
}

/** Counts stop here: behind it a document is only larger still, and JSON has no Infinity. */
const CEILING = 1_000_000_000;

export function saturate(count: number): number {
  return Math.min(count, CEILING);
}

/** A refusal before anything runs. It travels like a validation error: 422, or 200 under `application/json`. */
export function overLimit({ code, message, found, limit, facts }: OverLimit): GraphQLError {
  return codedError(code, message, { found, limit, ...facts, http: CANNOT_RUN });
}

/** A count for a message: `2,001`. */
export function inWords(count: number): string {
  return count >= CEILING ? 'over a billion' : count.toLocaleString('en');
}

const MAX_MESSAGE_LENGTH = 500;

/** A message, which quotes names that can be as long as the document. Joined, as V8 keeps all of a text for a part of it, unless the part is copied. */
export function cut(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH
    ? [message.slice(0, MAX_MESSAGE_LENGTH - 1), '…'].join('')
    : message;
}

/** Limits of live data. */
export interface LiveLimits {
  /** Calls in any sliding second for all streams of an API key; 0: what others leave. */
  readonly rate: number;
  /** Sessions of a script that are followed. */
  readonly maxSessions: number;
  /** Streams of an API key. */
  readonly maxStreams: number;
  /** Scripts that streams of an API key follow. */
  readonly maxScripts: number;
  /** How long a stream may last, in ms. */
  readonly maxLifetimeMs: number;
}
