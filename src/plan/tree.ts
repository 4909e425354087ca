import type {
  FieldNode,
  GraphQLAbstractType,
  GraphQLError,
  GraphQLField,
  GraphQLFieldResolver,
  GraphQLLeafType,
  GraphQLObjectType,
} from 'graphql';
import type { ArgumentsPlan } from './variables.ts';

/**
 * What a field of an object, or an item of a list, takes in an answer besides its key and its text: null and an empty text take as much
 * of the heap.
 */
export const BYTES_PER_VALUE = 16;

/** Fields that are selected on objects of one type. */
export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** What an object takes in an answer without its texts: its keys, and `BYTES_PER_VALUE` for each field. */
  readonly bytes: number;
  /** Why no field can be executed: the condition of a @skip or @include is null. */
  readonly failure: GraphQLError | undefined;
}

/** A field on objects of one type, with all its nodes merged. */
export interface FieldPlan extends ArgumentsPlan {
  readonly key: string;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  /** The same array in every execution. */
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  /** Undefined: the property with the field's name. */
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  /** Whether the resolver gets `info`, which is made anew for each call. */
  readonly usesInfo: boolean;
  readonly value: ValuePlan;
}

export type ValuePlan =
  | { readonly kind: 'leaf'; readonly isNonNull: boolean; readonly type: GraphQLLeafType }
  | ListPlan
  | CompositePlan;

export interface ListPlan {
  readonly kind: 'list';
  readonly isNonNull: boolean;
  readonly item: ValuePlan;
}

export interface CompositePlan {
  readonly kind: 'composite';
  readonly isNonNull: boolean;
  /** Undefined for an object type. */
  readonly abstractType: GraphQLAbstractType | undefined;
  readonly objects: ReadonlyMap<string, ObjectPlan>;
  readonly onlyObject: ObjectPlan | undefined;
}

/** An operation as a tree, with fragments resolved, fields merged, and @skip and @include applied. */
export interface Selection {
  readonly root: ObjectPlan;
  /** The number of fields. A field counts on every type that its object may have. */
  readonly size: number;
  /** The values of @skip and @include variables. Equal values give an equal selection. */
  readonly conditions: ReadonlyMap<string, unknown>;
}

/** The object types of a value or its items, by type name. Empty for a leaf. */
export function objectsOf(value: ValuePlan): ReadonlyMap<string, ObjectPlan> {
  if (value.kind === 'list') return objectsOf(value.item);
  return value.kind === 'composite' ? value.objects : NO_OBJECTS;
}

/** The only object type of a value or its items. Undefined for a leaf, an interface or a union. */
export function objectOf(value: ValuePlan): ObjectPlan | undefined {
  if (value.kind === 'list') return objectOf(value.item);
  return value.kind === 'composite' ? value.onlyObject : undefined;
}

const NO_OBJECTS: ReadonlyMap<string, ObjectPlan> = new Map();
