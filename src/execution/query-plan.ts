import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLLeafType,
  GraphQLObjectType,
} from 'graphql';
import type { ReadArguments } from './read-arguments.ts';

/** What is selected on objects of one type. */
export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** An object with all response keys in their order: a copy of it is made faster than an object key by key. */
  readonly template: Readonly<Record<string, unknown>>;
  /** Characters of the response keys. */
  readonly keyCharacters: number;
}

/** A field on objects of one type, with all of its nodes merged. */
export interface FieldPlan {
  /** Its response key. */
  readonly key: string;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** The same array in every execution. */
  readonly nodes: readonly FieldNode[];
  /** Undefined: the property of the field's name. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Whether the resolver may look at `info`. */
  readonly usesInfo: boolean;
  readonly readArguments: ReadArguments;
  readonly value: ValuePlan;
}

/** How a value becomes a value of the response. */
export type ValuePlan = LeafPlan | ListPlan | CompositePlan;

export interface LeafPlan {
  readonly kind: 'leaf';
  readonly isNonNull: boolean;
  readonly type: GraphQLLeafType;
}

export interface ListPlan {
  readonly kind: 'list';
  readonly isNonNull: boolean;
  readonly item: ValuePlan;
}

/** An object, whose type its resolver need not tell, or one of an interface or a union. */
export interface CompositePlan {
  readonly kind: 'composite';
  readonly isNonNull: boolean;
  /** Undefined: there is only one type. */
  readonly abstractType: GraphQLAbstractType | undefined;
  /** By the names of the types. */
  readonly objects: ReadonlyMap<string, ObjectPlan>;
  readonly onlyObject: ObjectPlan | undefined;
}
