import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type ExecutionArgs, type ExecutionResult, getOperationAST } from 'graphql';
import { type GraphQLParams, processRegularResult, type YogaServerInstance } from 'graphql-yoga';
import { sendAnswer } from './answer.ts';
import { NodeRequest } from './node-request.ts';
import { type OperationRequest, operationFromBody } from './operation.ts';
import { readNodeBody } from './read-body.ts';

export interface ExpressLaneOptions<ServerContext extends object, UserContext extends object> {
  readonly yoga: YogaServerInstance<ServerContext, UserContext>;
  /** Takes every request that the lane is not for. */
  readonly general: RequestListener;
  readonly maxBodyBytes: number;
  /** As the request parser has it. */
  readonly resolveDocument: (operation: OperationRequest) => GraphQLParams;
  /** What is answered when execution itself breaks down. */
  readonly onError: (error: unknown) => ExecutionResult;
  /** Is told of each result that the lane sends itself. */
  readonly onResult: (keys: { readonly req: IncomingMessage }, result: ExecutionResult) => void;
}

/** The `accept` headers of common clients, and the media type in which Yoga answers each. */
const MEDIA_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
]);

type Run = () => Promise<ExecutionResult>;

/**
 * Answers the most common request, an operation by POST as plain JSON, without making Fetch API objects of it: through
 * the same parser, caches, plugins and executor as Yoga itself, and with the same bytes. Whatever is unusual about a
 * request, and whatever goes wrong before it is executed, is left to Yoga.
 */
export function createExpressLane<ServerContext extends object, UserContext extends object>({
  yoga,
  general,
  maxBodyBytes,
  resolveDocument,
  onError,
  onResult,
}: ExpressLaneOptions<ServerContext, UserContext>): RequestListener {
  /** All that comes before execution: as long as this fails, nothing has happened. */
  const prepare = async (req: IncomingMessage, res: ServerResponse): Promise<Run | undefined> => {
    const params = resolveDocument(operationFromBody(await readNodeBody(req, maxBodyBytes)));
    const initialContext = { request: new NodeRequest(req, res), params, req, res };
    const { schema, parse, validate, contextFactory, execute } = yoga.getEnveloped(initialContext as never);
    const document = parse(params.query);
    const operation = getOperationAST(document, params.operationName);
    if (!operation || operation.operation === 'subscription') return undefined;
    if (validate(schema, document).length > 0) return undefined;
    const args = { schema, document, variableValues: params.variables, operationName: params.operationName };
    const contextValue = await contextFactory();
    return async () => {
      try {
        return tellOf(req, await execute({ ...args, contextValue } as ExecutionArgs));
      } catch (error) {
        return tellOf(req, onError(error));
      }
    };
  };

  const tellOf = (req: IncomingMessage, result: ExecutionResult) => {
    onResult({ req }, result);
    return result;
  };

  return (request, response) => {
    const mediaType = isCommon(request) ? MEDIA_TYPES.get(request.headers.accept) : undefined;
    if (mediaType === undefined) return general(request, response);
    prepare(request, response).then(
      (run) => (run ? answer(run, response, mediaType) : general(request, response)),
      () => general(request, response),
    );
  };
}

function isCommon({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url === '/graphql' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined &&
    headers.origin === undefined
  );
}

async function answer(run: Run, response: ServerResponse, mediaType: string): Promise<void> {
  // Yoga's own way from a result to a response, onto an object that only keeps what it is given.
  const { body, status, headers } = processRegularResult(
    await run(),
    { Response: PlainResponse } as never,
    mediaType,
  ) as unknown as PlainResponse;
  sendAnswer(response, { status, headers, body });
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
