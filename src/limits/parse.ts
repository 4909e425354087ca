import { type DocumentNode, GraphQLError, parse } from 'graphql';
import type { Limits } from './limits.ts';
import { hideToken } from './literals.ts';
import { checkTokens } from './tokens.ts';

/**
 * Parses a document whose length is allowed, once its tokens are known to be.
 * @throws TOO_MANY_TOKENS, TOO_DEEP, GRAPHQL_PARSE_FAILED, which quote no text of the document.
 */
export function parseDocument(text: string, limits: Limits): DocumentNode {
  try {
    checkTokens(text, limits);
    return parse(text);
  } catch (error) {
    throw error instanceof GraphQLError ? refusalOf(hideToken(error)) : error;
  }
}

function refusalOf({ message, source, positions, extensions }: GraphQLError): GraphQLError {
  return new GraphQLError(message, {
    source,
    positions,
    extensions: { code: 'GRAPHQL_PARSE_FAILED', http: { spec: true, status: 400 }, ...extensions },
  });
}
