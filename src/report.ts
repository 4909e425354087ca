import type { Plugin } from 'graphql-yoga';
import type { Context } from './context.ts';

/**
 * Tells in `extensions.upstream` what an operation cost: the whole tally for a client that sends `x-upstream: report`,
 * and for everybody that an answer was made from copies that may have been overtaken.
 */
export function createReport(): Plugin<Context> {
  return {
    onExecute({ args }) {
      const { caller, request } = args.contextValue;
      return {
        onExecuteDone({ result, setResult }) {
          if (Symbol.asyncIterator in result) return;
          const { calls, shared, fresh, stale, queuedMs, oldestMs } = caller.tally;
          const staleness = stale > 0 ? { stale, oldestMs: Math.ceil(oldestMs) } : undefined;
          const isAsked = request.headers.get('x-upstream') === 'report';
          if (!isAsked && !staleness) return;
          const report = isAsked ? { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs) } : {};
          setResult({
            ...result,
            extensions: { ...result.extensions, upstream: { ...report, ...staleness } },
          });
        },
      };
    },
  };
}
