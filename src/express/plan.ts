import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { ReadArguments } from './arguments.ts';

/** A query, worked out once for all its runs: what is resolved on which object, and how values become its answer. */
export interface Program {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly root: ObjectPlan;
  /** How many fields are planned in it, which is what it weighs. */
  readonly size: number;
}

/** What is selected on an object. */
export interface ObjectPlan {
  readonly fields: readonly FieldPlan[];
  /** An object with all of the keys, to begin with: it is copied faster than made anew. */
  readonly blank: Readonly<Record<string, undefined>>;
}

export interface FieldPlan {
  /** Its own in the program, from 0. */
  readonly number: number;
  /** Its name in the answer. */
  readonly key: string;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly args: ReadArguments;
  readonly complete: Complete;
  readonly parentType: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

/**
 * Makes what stands in the answer of what a resolver gave, other than a promise. @throws for all that is an error in GraphQL.
 */
export type Complete = (value: unknown, run: Running) => unknown;

/** A run of a program, as values see it. */
export interface Running {
  /** The fields of an object. Those that are promises follow when they are there, at the place that is kept for them. */
  resolve(plan: ObjectPlan, source: unknown): object;
  /** Puts a completed value, or later what its promise gives, into its place in a list or an object. */
  put(
    target: Record<string | number, unknown>,
    key: string | number,
    value: unknown,
    complete: Complete,
  ): void;
}
