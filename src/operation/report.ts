import type { ExecutionResult } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { ClientRequest, WriteFacts } from '../observability/request-record.ts';
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
 * Adds to a result, if that was asked for, its REST calls and, of a mutation, its writes. Adds to every result how old its data
 * may be, and whether other gateways may know better.
 */
export function addReport(
  result: ExecutionResult,
  mode: ReportMode,
  usage: Usage,
  writes?: readonly WriteFacts[],
): ExecutionResult {
  if (mode !== 'report' && usage.stale === 0 && !usage.isUncoordinated) return result;
  const coordination = usage.isUncoordinated && { coordination: 'lost' };
  const { stale, oldestMs, ray } = usage;
  const staleness = stale > 0 && { stale, oldestMs: Math.ceil(oldestMs), ray };
  const report = mode === 'report' && { ...usage.counts(), writes: writes?.map(reportedWrite) };
  const upstream = { ...report, ...staleness, ...coordination };
  return { ...result, extensions: { ...result.extensions, upstream } };
}

function reportedWrite({ mutation, path, result, outcome }: WriteFacts) {
  return { mutation, path, result: result ?? null, outcome };
}

/** JSON has no Infinity: no limit is null. */
function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
