import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { PreparedOperation } from '../execution/prepare.ts';
import { type Plan, planOperation } from '../limits/plan.ts';
import type { OperationFacts } from '../observability/request-record.ts';

/** An operation of a valid document, with what is worked out once for all its requests. */
export class KnownOperation {
  readonly node: OperationDefinitionNode;
  readonly facts: OperationFacts;
  readonly prepared: PreparedOperation;
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  #fixedPlan: Plan | undefined;

  constructor(schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) {
    this.node = node;
    this.facts = { name: node.name?.value, type: node.operation };
    this.prepared = new PreparedOperation(schema, document, node);
    this.#schema = schema;
    this.#document = document;
  }

  /** What it may come to with these variables, as resolvers see them. */
  plan(variables: Readonly<Record<string, unknown>>): Plan {
    if (this.#fixedPlan) return this.#fixedPlan;
    const plan = planOperation(this.#schema, this.#document, this.node, variables);
    if (plan.isFixed) this.#fixedPlan = plan;
    return plan;
  }
}
