import type { FieldRef, PothosOutputFieldConfig, PothosTypeConfig, SchemaTypes } from '@pothos/core';
import { inheritsScopes, type KeyScope, requiresScopes, scopesOfField } from '../callers/scopes.ts';
import { type Provenance, unusable } from '../luaauth/decoders.ts';
import { costing, type Effect, type EntityKey, type FieldCost } from '../plan/cost.ts';
import { pothos } from './pothos.ts';

interface GatewayTypeOptions {
  /**
   * The scopes of the fields that name none, and of references in `_entities`. `inherited`: the fields need no scope besides
   * the scopes of the field that returns the object.
   */
  readonly scopes?: readonly KeyScope[] | 'inherited' | undefined;
  /** The price of reading one object by its key in `_entities`. */
  readonly cost?: FieldCost | undefined;
  readonly entityKey?: EntityKey | undefined;
}

interface GatewayFieldOptions {
  /** The scopes that a gateway key needs, besides the scopes of the fields above. By default the scopes of the type. */
  readonly scopes?: readonly KeyScope[] | undefined;
  /** The REST calls of the resolver. By default none. */
  readonly cost?: FieldCost | undefined;
  /** The most values of a list of scalars that makes no call. They count as objects of the answer. */
  readonly mostValues?: number | undefined;
  /** What a repetition of a mutation does. */
  readonly effect?: Effect | undefined;
  /** Whether the resolver reads its fourth argument, `info`. By default reading it throws an error. */
  readonly usesInfo?: boolean | undefined;
}

/** Gives types and fields their scopes and costs. An exposed property that LuaAuth did not send is an error at its field. */
class GatewayPlugin<Types extends SchemaTypes> extends pothos.BasePlugin<Types> {
  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    const { scopes, cost, entityKey } = config.pothosOptions as GatewayTypeOptions;
    const required = scopes === 'inherited' ? inheritsScopes : scopes && requiresScopes(...scopes);
    return { ...config, extensions: { ...config.extensions, ...required, ...costing(cost), entityKey } };
  }

  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const options = config.pothosOptions as GatewayFieldOptions;
    const { scopes, cost, mostValues, effect, usesInfo } = options;
    const { extensions } = config;
    const exposed = extensions?.pothosExposedField;
    const own = {
      ...extensions,
      ...(scopes && requiresScopes(...scopes)),
      ...costing(cost),
      mostValues,
      effect,
      usesInfo,
    };
    const { extensions: ofType } = this.buildCache.getTypeConfig(config.parentType);
    const needed = scopesOfField({ extensions: { ...ofType } }, { extensions: own }) ?? [];
    return {
      ...config,
      description: `${config.description}${neededBy(needed)}`,
      extensions: own,
      resolve: typeof exposed === 'string' ? expose(exposed) : config.resolve,
    };
  }
}

/** The sentence for a field's description. */
function neededBy(scopes: readonly KeyScope[]): string {
  if (scopes.length === 0) return '';
  const named = scopes.map((scope) => `\`${scope}\``).join(' and ');
  return ` Needs the ${scopes.length === 1 ? 'scope' : 'scopes'} ${named}.`;
}

function expose(property: string) {
  return (parent: unknown) => {
    const value = (parent as Readonly<Record<string, unknown>>)[property];
    if (value === undefined && isDecoded(parent)) throw unusable(parent, property);
    return value;
  };
}

function isDecoded(parent: unknown): parent is Provenance {
  return (parent as Partial<Provenance>).from !== undefined;
}

export const GATEWAY_PLUGIN = 'luaauth-graphql';

/**
 * Makes the next schema with the plugin of this module. Pothos has one plugin of a name in a process, and a process may load
 * several copies of this module, perhaps of different versions: the schema of each copy needs its own scopes and costs.
 */
export function registerGatewayPlugin(): void {
  const { default: Builder } = pothos;
  const before = Builder.allowPluginReRegistration;
  Builder.allowPluginReRegistration = true;
  Builder.registerPlugin(GATEWAY_PLUGIN, GatewayPlugin);
  Builder.allowPluginReRegistration = before;
}

/** The properties of a decoded object that hold such values, or none. */
type PropertyOf<Shape, Value> = {
  [Name in keyof Shape]-?: Exclude<Shape[Name], undefined> extends Value | null ? Name : never;
}[keyof Shape] &
  string;

type NullabilityOf<Value> = null extends Value ? { readonly nullable: true } : { readonly nullable?: false };

/** Exposes a property that an answer may lack, which Pothos' own types would allow for nullable fields only. */
type ExposeDecoded<Types extends SchemaTypes, Shape, Value, Further = unknown> = <
  Name extends PropertyOf<Shape, Value>,
>(
  name: Name,
  options: { readonly description: string; readonly scopes?: readonly KeyScope[] } & NullabilityOf<
    Shape[Name]
  > &
    Further,
) => FieldRef<Types, unknown, 'Object'>;

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      [GATEWAY_PLUGIN]: GatewayPlugin<Types>;
    }
    interface ObjectTypeOptions extends GatewayTypeOptions {}
    interface InterfaceTypeOptions extends GatewayTypeOptions {}
    interface FieldOptions extends GatewayFieldOptions {}
    interface ObjectFieldBuilder<Types extends SchemaTypes, ParentShape> {
      exposeBoolean: FieldBuilder<Types, ParentShape, 'Object'>['exposeBoolean'] &
        ExposeDecoded<Types, ParentShape, boolean>;
      exposeID: FieldBuilder<Types, ParentShape, 'Object'>['exposeID'] &
        ExposeDecoded<Types, ParentShape, string | number>;
      exposeInt: FieldBuilder<Types, ParentShape, 'Object'>['exposeInt'] &
        ExposeDecoded<Types, ParentShape, number>;
      exposeString: FieldBuilder<Types, ParentShape, 'Object'>['exposeString'] &
        ExposeDecoded<Types, ParentShape, string>;
      expose: FieldBuilder<Types, ParentShape, 'Object'>['expose'] &
        ExposeDecoded<Types, ParentShape, number, { readonly type: 'SafeInt' | 'DateTime' }>;
    }
  }
}
