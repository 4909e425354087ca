import { type ExecutionResult, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { REQUEST_ID } from '../http/request-id.ts';
import type { Masks } from './masks.ts';
import { type VisitKeys, type Visits, visitedOperation } from './visit.ts';

/** Is told of each result when nothing will change it any more. */
export type ResultHook = (keys: VisitKeys, result: ExecutionResult) => void;

export function createResultHook(visits: Visits, masks: Masks): ResultHook {
  return (keys, result) => {
    const visit = visits.of(keys);
    if (!visit) return;
    masks.lift(result, visit);
    visits.answered(visit, result);
  };
}

/** Tells the visits what Yoga does, and follows those that come through `fetch`, without a node:http server. */
export function createVisitPlugin(visits: Visits, onResult: ResultHook): Plugin<Context> {
  const fetched = new WeakSet<object>();
  return {
    onRequest({ request, url, serverContext }) {
      if (visits.of({ ...(serverContext as VisitKeys), request })) return;
      const { pathname: path } = url;
      visits.begin(request, { method: request.method, path, header: (name) => request.headers.get(name) });
      fetched.add(request);
    },
    onParse() {
      return ({ result, context }) => {
        if (!result || result instanceof Error) return;
        const operation = getOperationAST(result, context.params?.operationName);
        if (operation) visits.parsed(context as VisitKeys, visitedOperation(operation));
      };
    },
    onExecute({ args: { contextValue } }) {
      visits.running(contextValue as VisitKeys, contextValue.caller.tally);
    },
    onResultProcess({ request, result, serverContext }) {
      if (Array.isArray(result) || Symbol.asyncIterator in result) return;
      onResult({ ...(serverContext as VisitKeys), request }, result as ExecutionResult);
    },
    onResponse({ request, response }) {
      const visit = fetched.has(request) ? visits.of({ request }) : undefined;
      if (!visit) return;
      response.headers.set(REQUEST_ID, visit.requestId);
      visits.end(visit, response.status);
    },
  };
}
