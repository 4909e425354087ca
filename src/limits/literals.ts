import { type ASTNode, GraphQLError, Kind, print } from 'graphql';

const TEXT_KINDS: ReadonlySet<string> = new Set([Kind.STRING, Kind.LIST, Kind.OBJECT]);

/** A validation error without the literals that it quotes: one may be a licence key or the source of a script. */
export function hideLiterals(error: GraphQLError): GraphQLError {
  const literals = (error.nodes ?? []).filter(({ kind }) => TEXT_KINDS.has(kind)).flatMap(writtenForms);
  if (literals.length === 0) return error;
  const message = literals.reduce((text, literal) => text.replaceAll(literal, '…'), error.message);
  return new GraphQLError(message, { nodes: error.nodes, extensions: error.extensions });
}

/** As it stands in the document, and the text alone: scalars quote the one or the other. */
function writtenForms(node: ASTNode): readonly string[] {
  return node.kind === Kind.STRING && node.value !== '' ? [print(node), node.value] : [print(node)];
}

/** The same for a syntax error, which quotes the token that it stumbled over. */
export function hideToken(error: GraphQLError): GraphQLError {
  const { source, positions, extensions } = error;
  const message = error.message.replace(/String ".*"/s, 'String');
  return message === error.message ? error : new GraphQLError(message, { source, positions, extensions });
}
