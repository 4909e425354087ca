import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { isObject } from '../../luaauth/envelope.ts';
import { parseExactJson } from '../../transport/json.ts';

type Members = Readonly<Record<string, unknown>>;

interface Answer {
  readonly data?: Members | null;
  readonly errors?: readonly unknown[] | null;
  readonly extensions?: unknown;
}

/** The result types of a successful mutation. */
const SUCCESS = /^(?:\w+Success|MessageDelivered)$/;

/** The message if a gateway's answer does not tell the outcome of a mutation. */
export const NO_WRITES =
  'The answer does not say whether the mutation was refused: the gateway is older than this program. Read what the mutation changes.';

/** Whether an operation is a mutation. False for an invalid document, which the gateway will refuse. */
export function isMutation(document: string, operationName: string | undefined): boolean {
  try {
    const operation = getOperationAST(parse(document, { noLocation: true }), operationName);
    return operation?.operation === OperationTypeNode.MUTATION;
  } catch {
    return false;
  }
}

/** For a mutation, from the gateway's report. Undefined if the text is not the answer of a gateway. */
export function readOutcome(text: string, hasReport: boolean) {
  const answer = readAnswer(text);
  if (answer === undefined) return undefined;
  const { upstream } = membersOf(answer.extensions);
  const { writes } = membersOf(upstream);
  const results = Array.isArray(writes) ? writes.map((write) => membersOf(write).result) : undefined;
  return {
    answer: hasReport && upstream !== undefined ? withoutReport(answer, membersOf(upstream)) : answer,
    hasErrors: (answer.errors ?? []).length > 0,
    /** Whether a mutation was refused. Undefined if the answer does not say. */
    isRefused: hasReport
      ? results?.some((result) => typeof result === 'string' && !SUCCESS.test(result))
      : false,
  };
}

function readAnswer(text: string): Answer | undefined {
  try {
    const value = parseExactJson(text);
    if (!isObject(value)) return undefined;
    const { data = null, errors = null } = value;
    const isAnswer = (isObject(data) || data === null) && (Array.isArray(errors) || errors === null);
    return isAnswer && ('data' in value || 'errors' in value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the facts about stale data, which come without a report too. */
function withoutReport({ extensions, ...answer }: Answer, upstream: Members): Answer {
  const { upstream: _report, ...others } = membersOf(extensions);
  const { stale, oldestMs, ray, coordination } = upstream;
  const kept = {
    ...(stale !== 0 && { stale, oldestMs, ray }),
    ...(coordination !== undefined && { coordination }),
  };
  const all = { ...others, ...(Object.keys(kept).length > 0 && { upstream: kept }) };
  return Object.keys(all).length > 0 ? { ...answer, extensions: all } : answer;
}

function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}
