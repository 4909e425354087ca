import { type DocumentNode, GraphQLError, type GraphQLSchema, validate } from 'graphql';
import type { Limits } from './limits.ts';
import { hideLiterals } from './literals.ts';
import { checkShape } from './shape.ts';

/** Validation stops after so many errors. */
const MAX_ERRORS = 20;
/** Messages quote names from the document, which can be as long as the document. */
const MAX_MESSAGE_LENGTH = 500;
const MAX_LOCATIONS = 10;

/**
 * Checks the shape of a document, then whether it is valid for the schema: an answer of bounded size, whatever the
 * document. Gives nothing when all is well.
 */
export function validateDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  limits: Limits,
  rules?: Parameters<typeof validate>[2],
): readonly GraphQLError[] {
  const refusals = checkShape(document, limits);
  if (refusals.length > 0) return refusals;
  return validate(schema, document, rules, { maxErrors: MAX_ERRORS }).map(refusalOf);
}

function refusalOf(error: GraphQLError): GraphQLError {
  const { message, nodes, extensions } = hideLiterals(error);
  const isLong = message.length > MAX_MESSAGE_LENGTH;
  return new GraphQLError(isLong ? `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : message, {
    nodes: nodes?.slice(0, MAX_LOCATIONS),
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { spec: true, status: 400 }, ...extensions },
  });
}
