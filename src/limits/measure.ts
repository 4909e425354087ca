import { saturate } from './over-limit.ts';

/** What a selection comes to once every fragment stands where it is spread. Counts saturate. */
export interface Measure {
  /** All fields. */
  readonly fields: number;
  /** The fields at its top. */
  readonly rootFields: number;
  /** Fields inside fields, taking an introspection field for a leaf. */
  readonly depth: number;
  /** The same inside the deepest introspection field, itself included. */
  readonly introspectionDepth: number;
  /** Fields inside fields, whatever they are. */
  readonly levels: number;
  /** Selection sets and fragments inside one another: how deep a walk recurses. */
  readonly nesting: number;
  /** Fields with an alias, and fields that repeat one beside them. */
  readonly aliases: number;
  /** Those of them that are introspection fields or inside one. */
  readonly introspectionAliases: number;
  readonly directives: number;
  /** Characters of its longest alias. */
  readonly aliasLength: number;
}

export const nothing: Measure = {
  fields: 0,
  rootFields: 0,
  depth: 0,
  introspectionDepth: 0,
  levels: 0,
  nesting: 0,
  aliases: 0,
  introspectionAliases: 0,
  directives: 0,
  aliasLength: 0,
};

/** Two selections side by side. */
export function beside(a: Measure, b: Measure): Measure {
  return {
    fields: saturate(a.fields + b.fields),
    rootFields: saturate(a.rootFields + b.rootFields),
    depth: Math.max(a.depth, b.depth),
    introspectionDepth: Math.max(a.introspectionDepth, b.introspectionDepth),
    levels: Math.max(a.levels, b.levels),
    nesting: Math.max(a.nesting, b.nesting),
    aliases: saturate(a.aliases + b.aliases),
    introspectionAliases: saturate(a.introspectionAliases + b.introspectionAliases),
    directives: saturate(a.directives + b.directives),
    aliasLength: Math.max(a.aliasLength, b.aliasLength),
  };
}

/** A field with what is selected below it. */
export function fieldAround(below: Measure): Measure {
  const { depth, levels, fields } = below;
  return { ...below, fields: saturate(fields + 1), rootFields: 1, depth: depth + 1, levels: levels + 1 };
}

/** A field that introspects: what is inside counts apart. */
export function introspecting(field: Measure): Measure {
  const { levels, aliases } = field;
  return { ...field, depth: 1, introspectionDepth: levels, introspectionAliases: aliases };
}

/** One step further from the walk's start. */
export function nested(measure: Measure): Measure {
  return { ...measure, nesting: measure.nesting + 1 };
}

/** A field under a name of its own. */
export function aliased(measure: Measure, alias: string): Measure {
  const aliasLength = Math.max(measure.aliasLength, alias.length);
  return { ...measure, aliases: saturate(measure.aliases + 1), aliasLength };
}

/** A selection that stands beside its like: all of it is to be merged with that. */
export function repeated(measure: Measure): Measure {
  return { ...measure, aliases: measure.fields };
}

export function withDirectives(measure: Measure, directives: readonly unknown[] = []): Measure {
  return directives.length === 0
    ? measure
    : { ...measure, directives: saturate(measure.directives + directives.length) };
}
