import type { ExecutionResult } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import type { Limits } from '../plan/limits.ts';
import type { Price } from '../plan/price.ts';
import type { Usage } from '../transport/observer.ts';

/** The report that a request wants of its REST calls: the plan, without running, or the calls that were made. */
type ReportMode = 'plan' | 'report' | undefined;

/** Refuses an unknown word: a client that misspells `plan` must not carry out its mutation. @throws BAD_REQUEST */
export function reportModeOf(request: ClientRequest): ReportMode {
  const given = request.header('x-upstream') ?? '';
  const mode = given.toLowerCase();
  if (mode === '') return undefined;
  if (mode === 'plan' || mode === 'report') return mode;
  throw requestError(
    'BAD_REQUEST',
    400,
    `The header x-upstream has the value ${JSON.stringify(given.slice(0, 60))}; plan and report are allowed. Send one of the two, or leave the header out.`,
  );
}

/** The answer to `x-upstream: plan`: what the operation may come to at most. */
export function planResult({ calls, objects, endpoints }: Price, limits: Limits): ExecutionResult {
  const upstream = {
    price: calls,
    limit: finite(limits.restCalls),
    objects,
    objectsLimit: finite(limits.answerObjects),
    plan: endpoints,
  };
  return { data: null, extensions: { upstream } };
}

/**
 * Adds to a result what its reads were, if that was asked for, and to everybody's how old the data may be that it was made
 * of, and whether other gateways may know better.
 */
export function addReport(result: ExecutionResult, mode: ReportMode, usage: Usage): ExecutionResult {
  if (mode !== 'report' && usage.stale === 0 && !usage.isUncoordinated) return result;
  const coordination = usage.isUncoordinated && { coordination: 'lost' };
  const { stale, oldestMs, ray } = usage;
  const staleness = stale > 0 && { stale, oldestMs: Math.ceil(oldestMs), ray };
  const upstream = { ...(mode === 'report' && usage.counts()), ...staleness, ...coordination };
  return { ...result, extensions: { ...result.extensions, upstream } };
}

/** JSON has no Infinity: no limit is null. */
function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
