import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
export class PreparedOperation {
  readonly weight = 0;
}
export function prepareOperation(
  _s: GraphQLSchema,
  _d: DocumentNode,
  _o: OperationDefinitionNode,
): PreparedOperation {
  return new PreparedOperation();
}
