import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type ExecutionArgs, type ExecutionResult, getOperationAST } from 'graphql';
import { type GraphQLParams, processRegularResult, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { sendAnswer, sendJson } from '../http/answer.ts';
import { NodeRequest, type RequestFacts } from '../http/node-request.ts';
import { type OperationRequest, operationFromBody } from '../http/operation.ts';
import { readNodeBody } from '../http/read-body.ts';
import type { Attempts } from './attempt.ts';

export interface ExpressLaneOptions<ServerContext extends object> {
  readonly yoga: YogaServerInstance<ServerContext, Context>;
  /** Takes every request that the lane is not for. */
  readonly general: RequestListener;
  readonly attempts: Attempts;
  readonly maxBodyBytes: number;
  /** As the request parser has it. */
  readonly resolveDocument: (operation: OperationRequest) => GraphQLParams;
  readonly contextFor: (request: RequestFacts) => Context;
  /** What is answered when execution itself breaks down. */
  readonly onError: (error: unknown) => ExecutionResult;
  /** Is told of each result that the lane sends itself. */
  readonly onResult: (keys: { readonly req: IncomingMessage }, result: ExecutionResult) => void;
}

const CONTEXT = Symbol('context');

/** The context that an operation has from the express lane, for Yoga to go on with: what is loaded in it stays loaded. */
export function broughtAlong(initialContext: object): Context | undefined {
  return (initialContext as { readonly [CONTEXT]?: Context })[CONTEXT];
}

/** The `accept` headers of common clients, and the media type in which Yoga answers each. */
const MEDIA_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
]);

/**
 * Answers the most common request, an operation by POST as plain JSON, without making Fetch API objects of it, and with
 * the same bytes: a known query as a program, anything else through the same parser, caches, plugins and executor as
 * Yoga itself. Whatever is unusual about a request, and whatever goes wrong before it is executed, is left to Yoga.
 */
export function createExpressLane<ServerContext extends object>({
  yoga,
  general,
  attempts,
  maxBodyBytes,
  resolveDocument,
  contextFor,
  onError,
  onResult,
}: ExpressLaneOptions<ServerContext>): RequestListener {
  /**
   * All that comes before something is changed or sent: as long as this fails, nothing has happened.
   * @returns what then gives the answer; undefined: Yoga does.
   */
  const prepare = async (req: IncomingMessage, res: ServerResponse): Promise<Run | undefined> => {
    const params = resolveDocument(operationFromBody(await readNodeBody(req, maxBodyBytes)));
    const request = new NodeRequest(req, res);
    const context = contextFor(request);
    const result = await attempts.attempt(params, context, request, { req });
    if (result) return () => result;
    const initialContext = { [CONTEXT]: context, request, params, req, res };
    const { schema, parse, validate, contextFactory, execute } = yoga.getEnveloped(initialContext as never);
    const document = parse(params.query);
    const operation = getOperationAST(document, params.operationName);
    if (!operation || operation.operation === 'subscription') return undefined;
    if (validate(schema, document).length > 0) return undefined;
    attempts.learn(document);
    const args = { schema, document, variableValues: params.variables, operationName: params.operationName };
    const contextValue = await contextFactory();
    return async () => {
      try {
        return await execute({ ...args, contextValue } as ExecutionArgs);
      } catch (error) {
        return onError(error);
      }
    };
  };

  const answer = async (run: Run, req: IncomingMessage, res: ServerResponse, mediaType: string) => {
    const result = await run();
    onResult({ req }, result);
    sendResult(res, result, mediaType);
  };

  return (request, response) => {
    const mediaType = isCommon(request) ? MEDIA_TYPES.get(request.headers.accept) : undefined;
    if (mediaType === undefined) return general(request, response);
    prepare(request, response)
      .then(
        (run) => (run ? answer(run, request, response, mediaType) : general(request, response)),
        () => general(request, response),
      )
      .catch((error) => sendFailure(response, onError(error), mediaType));
  };
}

type Run = () => ExecutionResult | Promise<ExecutionResult>;

function isCommon({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url === '/graphql' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    headers.origin === undefined
  );
}

function sendResult(response: ServerResponse, result: ExecutionResult, mediaType: string): void {
  // What Yoga makes of a result without errors.
  if (!result.errors) {
    sendJson(response, `${mediaType}; charset=utf-8`, JSON.stringify(result));
    return;
  }
  // Its own way from a result to a response, onto an object that only keeps what it is given.
  const { body, status, headers } = processRegularResult(
    result,
    { Response: PlainResponse } as never,
    mediaType,
  ) as unknown as PlainResponse;
  sendAnswer(response, { status, headers, body });
}

/** What broke down while an answer was made: this client is told, or cut off if its answer has begun. */
function sendFailure(response: ServerResponse, result: ExecutionResult, mediaType: string): void {
  try {
    if (response.headersSent) response.destroy();
    else sendResult(response, result, mediaType);
  } catch {
    response.destroy();
  }
}

class PlainResponse {
  readonly body: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(body: string, init: { status: number; headers: Record<string, string> }) {
    this.body = body;
    this.status = init.status;
    this.headers = init.headers;
  }
}
