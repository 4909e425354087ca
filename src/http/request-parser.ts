import type { IncomingMessage } from 'node:http';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { requestError } from '../errors.ts';
import { errorAnswer } from './answer.ts';
import { isAcceptable, isJson } from './media-type.ts';
import { type OperationRequest, operationFromBody, operationFromUrl } from './operation.ts';
import { readOperationPath } from './operation-path.ts';
import { isBeingRead, readNodeBody, readWebBody } from './read-body.ts';

export interface RequestParserOptions {
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Finds the document that a request names, or refuses it. */
  readonly resolveDocument: (operation: OperationRequest) => GraphQLParams;
}

/** What an embedding node:http server hands over next to the request. */
interface NodeContext {
  readonly req?: IncomingMessage;
}

/**
 * Reads the operation out of a request, in place of Yoga's parsers. Those take forms and plain text, which any web page
 * can send, quote broken JSON back and answer broken variables in a URL with 500.
 */
export function createRequestParser({ maxBodyBytes, resolveDocument }: RequestParserOptions): Plugin {
  return {
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      if (!isAcceptable(request.headers.get('accept'))) {
        // Not thrown: Yoga would find no media type to tell it in.
        const { body, ...init } = errorAnswer(NOT_ACCEPTABLE);
        return endResponse(new fetchAPI.Response(body, init));
      }
      const path = readOperationPath(url.pathname);
      if (request.method === 'GET') {
        return setRequestParser(() => resolveDocument(operationFromUrl(url.searchParams, path)));
      }
      checkContentType(request.headers);
      const { req } = serverContext as NodeContext;
      setRequestParser(async () => {
        // Something in front of the gateway, such as a body parser, may have read the request already.
        const body =
          req && (isBeingRead(req) || !req.readableDidRead)
            ? await readNodeBody(req, maxBodyBytes)
            : await readWebBody(request, maxBodyBytes);
        return resolveDocument(operationFromBody(body, path));
      });
    },
  };
}

const NOT_ACCEPTABLE = requestError(
  'NOT_ACCEPTABLE',
  406,
  'The accept header leaves no media type to answer in. Accept application/graphql-response+json or application/json.',
);

function checkContentType(headers: Headers): void {
  const given = headers.get('content-type') ?? '';
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (isJson(given) && encoding === 'identity') return;
  throw requestError(
    'UNSUPPORTED_MEDIA_TYPE',
    415,
    isJson(given)
      ? 'A compressed request body is not supported. Send it without content-encoding.'
      : `${given === '' ? 'The request has no content type' : `The content type ${JSON.stringify(given.slice(0, 60))} is not supported`}. Send the operation as JSON with the header "content-type: application/json".`,
  );
}
