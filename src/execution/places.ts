import { type ASTNode, type DocumentNode, GraphQLError, Location, Source } from 'graphql';

/** Where an error stands in the document. */
type Place = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/**
 * Says of errors where they stand. GraphQL looks up line and column for each of them, in the time of the whole document, though
 * one field can fail at every index of a list. Here that is done once for each field.
 */
export class Places {
  readonly #known = new Map<readonly ASTNode[], Place>();

  /** `nodes` is the same array for all errors of a field; `written` are those nodes in the document, if they are copies. */
  put(error: GraphQLError, nodes: readonly ASTNode[], written = nodes): GraphQLError {
    let place = this.#known.get(nodes);
    if (!place) {
      const { source, positions, locations } = new GraphQLError('', { nodes: written });
      place = { nodes: written, source, positions, locations };
      this.#known.set(nodes, place);
    }
    return Object.assign(error, place);
  }
}

/** Nothing takes no time to look up. */
const NOWHERE = new Source('');

/** A copy of a document whose nodes know where they stand, but not in what, and its nodes by their copies. */
export function withoutSource(document: DocumentNode) {
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
