import {
  type ASTNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  Location,
  Source,
} from 'graphql';
import type { Limits } from '../plan/limits.ts';
import { AnswerMeter, AnswerRefused, countError, countLeaf, countObject } from '../plan/size.ts';
import { ErrorLocations } from './field-errors.ts';

/** Executes an operation with graphql-js and measures the finished answer. */
export function executeByGraphql(args: ExecutionArgs, limits: Limits | undefined) {
  // Without a document graphql-js returns its own error.
  if (!args.document) return execute(args) as ExecutionResult;
  const { copied, originals } = withoutSource(args.document);
  const places = new ErrorLocations();
  const finish = (result: ExecutionResult) => {
    for (const error of result.errors ?? []) {
      const { nodes = [] } = error;
      const written = nodes.flatMap((node) => originals.get(node) ?? []);
      if (written.length > 0) places.put(error, nodes, written);
    }
    return limits ? measured(result, new AnswerMeter(limits)) : result;
  };
  const result = execute({ ...args, document: copied });
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function measured(result: ExecutionResult, meter: AnswerMeter): ExecutionResult {
  try {
    countAnswer(meter, result.data);
    for (const _ of result.errors ?? []) countError(meter);
    return result;
  } catch (error) {
    if (error instanceof AnswerRefused) return { errors: [error.reason] };
    throw error;
  }
}

function countAnswer(meter: AnswerMeter, value: unknown): void {
  if (typeof value !== 'object' || value === null) countLeaf(meter, value);
  else {
    if (!Array.isArray(value)) countObject(meter, Object.keys(value).join('').length);
    for (const member of Object.values(value)) countAnswer(meter, member);
  }
}

/** Looking up a position in an empty source takes no time. */
const NOWHERE = new Source('');

function withoutSource(document: DocumentNode) {
  const originals = new Map<ASTNode, ASTNode>();
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (value instanceof Location) return new Location(value.startToken, value.endToken, NOWHERE);
    if (typeof value !== 'object' || value === null) return value;
    const node = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]));
    originals.set(node as never, value as ASTNode);
    return node;
  };
  return { copied: copy(document) as DocumentNode, originals };
}
