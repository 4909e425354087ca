import type { GraphQLError } from 'graphql';
import type { Limits } from './limits.ts';
import { inWords, overLimit } from './over-limit.ts';
import { type PlanRequest, planOperation } from './plan.ts';

/** The refusal of an operation that may need more REST calls than are allowed; undefined for any other. */
export function checkPrice(request: PlanRequest, { restCalls }: Limits): GraphQLError | undefined {
  if (restCalls === Number.POSITIVE_INFINITY) return undefined;
  const { calls, endpoints } = planOperation(request);
  if (calls <= restCalls) return undefined;
  const most = endpoints.slice(0, 3).map((one) => `${one.endpoint} ${inWords(one.calls)}`);
  return overLimit({
    code: 'OPERATION_TOO_EXPENSIVE',
    message: `The operation may need ${inWords(calls)} REST calls (${most.join(', ')}); at most ${inWords(restCalls)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: calls,
    limit: restCalls,
    facts: { endpoints },
  });
}
