import type { ExecutionResult } from 'graphql';
import type { ClientRequest } from '../client-request.ts';
import { requestError } from '../errors/coded-error.ts';
import type { WriteFacts } from '../observability/request-record.ts';
import type { Limits } from '../plan/limits.ts';
import type { Price } from '../plan/price.ts';
import type { Usage } from '../transport/usage.ts';

type ReportMode = 'plan' | 'report' | undefined;

/** Reads `x-upstream`. Refuses an unknown value, so that a misspelt `plan` runs no mutation. @throws BAD_REQUEST */
export function reportModeOf(request: ClientRequest): ReportMode {
  const given = request.header('x-upstream') ?? '';
  const mode = given.toLowerCase();
  if (mode === '') return undefined;
  if (mode === 'plan' || mode === 'report') return mode;
  throw requestError(
    'BAD_REQUEST',
    400,
    `The header x-upstream has the value ${JSON.stringify(given.slice(0, 60))}; plan and report are allowed. Send plan or report, or leave the header out.`,
  );
}

/** The answer to `x-upstream: plan`: the highest price of the operation, and how many of its calls batches can save. */
export function planResult({ calls, saves, objects, endpoints }: Price, limits: Limits): ExecutionResult {
  const upstream = {
    price: calls,
    ...(saves > 0 && { saves }),
    limit: finite(limits.restCalls),
    objects,
    objectsLimit: finite(limits.answerObjects),
    plan: endpoints,
  };
  return { data: null, extensions: { upstream } };
}

/** Adds the report of calls, if asked for. Stale data and lost coordination are reported in any case. */
export function addReport(
  result: ExecutionResult,
  mode: ReportMode,
  usage: Usage,
  writes?: readonly WriteFacts[],
): ExecutionResult {
  if (mode !== 'report' && usage.stale === 0 && !usage.isLost) return result;
  const coordination = usage.isLost && { coordination: 'lost' };
  const { stale, oldestMs, ray } = usage;
  const staleness = stale > 0 && { stale, oldestMs: Math.ceil(oldestMs), ray };
  const report = mode === 'report' && {
    ...usage.counts(),
    sources: usage.sources,
    writes: writes?.map(reportedWrite),
  };
  const upstream = { ...report, ...staleness, ...coordination };
  return { ...result, extensions: { ...result.extensions, upstream } };
}

function reportedWrite({ mutation, path, result, outcome }: WriteFacts) {
  return { mutation, path, result: result ?? null, outcome };
}

/** JSON has no Infinity, so null means no limit. */
function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}
