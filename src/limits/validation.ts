import { type DocumentNode, GraphQLError, type GraphQLSchema, validate } from 'graphql';
import { hideLiterals } from './literals.ts';

/** Validation stops after so many errors. */
const MAX_ERRORS = 20;
/** Messages quote names from the document, which can be as long as the document. */
const MAX_MESSAGE_LENGTH = 500;
const MAX_LOCATIONS = 10;

/** GraphQL's validation with an answer of bounded size, whatever the document. */
export function validateBriefly(
  schema: GraphQLSchema,
  document: DocumentNode,
  rules?: Parameters<typeof validate>[2],
): GraphQLError[] {
  return validate(schema, document, rules, { maxErrors: MAX_ERRORS }).map((error) =>
    shorten(hideLiterals(error)),
  );
}

function shorten(error: GraphQLError): GraphQLError {
  const { message, nodes, extensions } = error;
  const isLong = message.length > MAX_MESSAGE_LENGTH;
  if (!isLong && (nodes?.length ?? 0) <= MAX_LOCATIONS) return error;
  const text = isLong ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : message;
  return new GraphQLError(text, { nodes: nodes?.slice(0, MAX_LOCATIONS), extensions });
}
