import type { Plugin } from 'graphql-yoga';
import type { Context } from './context.ts';
import { planOperation } from './limits/plan.ts';
import type { Tally } from './transport/tally.ts';

export interface ReportOptions {
  /** REST calls that an operation may need at most; Infinity: no limit. */
  readonly restCalls: number;
  /** Objects that an answer may hold at most; Infinity: no limit. */
  readonly answerObjects: number;
}

/**
 * Tells in `extensions.upstream` what an operation costs. With the header `x-upstream: plan` nothing runs, and the answer
 * is what it may cost at most; with `x-upstream: report`, what it did cost. An answer that was made from copies which may
 * have been overtaken says so to everybody.
 */
export function createReport({ restCalls, answerObjects }: ReportOptions): Plugin<Context> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const { caller, request } = args.contextValue;
      const wish = wishOf(request);
      if (wish === 'plan') {
        const { calls, objects, endpoints } = planOperation(args);
        const upstream = {
          price: calls,
          limit: finite(restCalls),
          objects,
          objectsLimit: finite(answerObjects),
          plan: endpoints,
        };
        return setResultAndStopExecution({ data: null, extensions: { upstream } });
      }
      return {
        onExecuteDone({ result, setResult }) {
          if (Symbol.asyncIterator in result) return;
          const extensions = extensionOf(wish, caller.tally);
          if (extensions) setResult({ ...result, extensions: { ...result.extensions, ...extensions } });
        },
      };
    },
  };
}

/** JSON has no Infinity: no limit is null. */
function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}

/** What a request wants to know of the REST calls. */
export function wishOf({ headers }: { readonly headers: { get(name: string): string | null } }) {
  return headers.get('x-upstream');
}

/** The extensions of an operation's answer, if it has any. */
export function extensionOf(wish: string | null, tally: Tally): { readonly upstream: object } | undefined {
  if (wish !== 'report' && tally.stale === 0) return undefined;
  return { upstream: { ...(wish === 'report' && report(tally)), ...staleness(tally) } };
}

function report({ calls, shared, fresh, stale, queuedMs }: Tally) {
  return { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs) };
}

function staleness({ stale, oldestMs }: Tally) {
  return stale > 0 ? { stale, oldestMs: Math.ceil(oldestMs) } : {};
}
