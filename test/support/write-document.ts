import type { Operation, Selection } from './documents.ts';

export interface Written {
  readonly document: string;
  readonly variables: Record<string, unknown>;
}

type FieldSelection = Extract<Selection, { kind: 'field' }>;

/**
 * Writes an operation down; fields that others of the same name may stand beside get aliases. Plainly: with no variable
 * and no named fragment, which must come to the same.
 */
export function writeDocument({ type, selections }: Operation, { plainly = false } = {}): Written {
  const variables: Record<string, unknown> = {};
  const definitions: string[] = [];
  const fragments: string[] = [];
  let count = 0;

  const variable = (value: unknown, ofType: string) => {
    const name = `v${Object.keys(variables).length}`;
    variables[name] = value;
    definitions.push(`$${name}: ${ofType}`);
    return `$${name}`;
  };

  const writeCondition = ({ condition }: Selection) => {
    if (condition === undefined) return '';
    const { directive, holds, byVariable } = condition;
    return ` @${directive}(if: ${byVariable && !plainly ? variable(holds, 'Boolean!') : holds})`;
  };

  const writeField = (field: FieldSelection) => {
    const { name, args, below } = field;
    count += 1;
    // Neighbours of the same name would have to have the same arguments.
    const alias = field.isAliased || args.length > 0 || below.length > 0 ? `f${count}: ` : '';
    const written = args.map(({ argument, value, byVariable }) => {
      const given = byVariable && !plainly ? variable(value, String(argument.type)) : toLiteral(value);
      return `${argument.name}: ${given}`;
    });
    return `${alias}${name}${written.length > 0 ? `(${written.join(', ')})` : ''}${writeCondition(field)}${writeSet(below)}`;
  };

  const writeSelection = (selection: Selection): string => {
    if (selection.kind === 'field') return writeField(selection);
    const directive = writeCondition(selection);
    const set = writeSet(selection.below);
    if (selection.kind === 'inline' || plainly) return `... on ${selection.on}${directive}${set}`;
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${selection.on}${set}`);
    return `...${name}${directive}`;
  };

  const writeSet = (set: readonly Selection[]): string =>
    set.length === 0 ? '' : ` { ${set.map(writeSelection).join(' ')} }`;

  const body = writeSet(selections);
  const header = definitions.length > 0 ? `(${definitions.join(', ')})` : '';
  return { document: [`${type} Generated${header}${body}`, ...fragments].join('\n'), variables };
}

function toLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toLiteral).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${key}: ${toLiteral(one)}`)
    .join(', ')} }`;
}
