import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Limits } from '../../src/plan/limits.ts';
import type { ScriptOfValues } from './script-of-values.ts';

export const noLimits: Limits = {
  depth: Number.POSITIVE_INFINITY,
  restCalls: Number.POSITIVE_INFINITY,
  answerObjects: Number.POSITIVE_INFINITY,
  answerBytes: Number.POSITIVE_INFINITY,
};

/** All that can be seen of an execution from outside. */
interface Outcome {
  readonly json: string;
  readonly isSync: boolean;
  readonly errors: readonly unknown[];
  readonly calls: readonly string[];
}

/** Executes and waits until nothing more happens: promises of other fields may go on when the result is there. */
export async function outcomeOf(
  script: ScriptOfValues,
  execute: () => ExecutionResult | Promise<ExecutionResult>,
  scripted: ReadonlyMap<string, unknown>,
): Promise<Outcome> {
  const executed = execute();
  const isSync = !(executed instanceof Promise);
  const result = await executed;
  const json = JSON.stringify(result, (name, value) =>
    name === 'message' && isOwnWord(String(value)) ? 'a mistake in the schema' : value,
  );
  const errors = (result.errors ?? []).map((error) => describe(error, scripted));
  await nothingMore();
  return { json, isSync, errors, calls: [...script.calls] };
}

/** Every microtask has run by then, and been told of. */
export function nothingMore(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Each executor has its own words for a schema whose types are wrong: no client sees them. */
function isOwnWord(message: string): boolean {
  return /^(Expected `|Expected value of|Abstract type|Runtime Object|Support for|\w+ has serialized|\w+ was resolved to|A value does not have its type)/.test(
    message,
  );
}

/** Errors of the script are told by identity, others by what they say. */
function describe(error: GraphQLError, scripted: ReadonlyMap<string, unknown>): unknown {
  const identify = (one: unknown) => {
    for (const [place, error] of scripted) if (error === one) return `the error at ${place}`;
    if (!(one instanceof Error)) return one;
    return isOwnWord(one.message) ? 'a mistake in the schema' : `${one.constructor.name}: ${one.message}`;
  };
  return {
    itself: identify(error),
    message: isOwnWord(error.message) ? 'a mistake in the schema' : error.message,
    path: error.path,
    locations: error.locations,
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: error.extensions,
    original: identify(error.originalError),
  };
}
