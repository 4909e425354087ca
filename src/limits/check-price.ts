import type { GraphQLError } from 'graphql';
import type { Limits } from './limits.ts';
import { inWords, overLimit } from './over-limit.ts';
import type { Plan } from './plan.ts';

/** The refusal of an operation that may come to more than is allowed; undefined for any other. */
export function checkPrice(plan: Plan, { restCalls, answerObjects }: Limits): GraphQLError | undefined {
  if (plan.calls > restCalls) return tooExpensive(plan, restCalls);
  return plan.objects > answerObjects ? answerTooLarge(plan.objects, answerObjects) : undefined;
}

function tooExpensive({ calls, endpoints }: Plan, limit: number): GraphQLError {
  const most = endpoints.slice(0, 3).map((one) => `${one.endpoint} ${inWords(one.calls)}`);
  return overLimit({
    code: 'OPERATION_TOO_EXPENSIVE',
    message: `The operation may need ${inWords(calls)} REST calls (${most.join(', ')}); at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: calls,
    limit,
    facts: { endpoints },
  });
}

export function answerTooLarge(objects: number, limit: number): GraphQLError {
  return overLimit({
    code: 'ANSWER_TOO_LARGE',
    message: `The answer may hold ${inWords(objects)} objects; at most ${inWords(limit)} are allowed. Ask for smaller pages or fewer items, or split the operation.`,
    found: objects,
    limit,
  });
}
