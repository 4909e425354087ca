import { type GraphQLInputType, getNullableType, isEnumType, isInputObjectType, isListType } from 'graphql';
import type { Given } from './arguments.ts';
import type { Document, FieldSelection, FragmentSelection, Operation, Selection } from './documents.ts';

interface Written {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Writes an operation down. Plainly: with no variable and no named fragment, which must come to the same. */
export function writeDocument(operation: Operation, { plainly = false } = {}): Written {
  const writer = new Writer(plainly);
  const text = writer.operation(operation, 'Generated');
  return { document: [text, ...writer.fragments].join('\n'), variables: writer.variables };
}

/** A document with all that stands in it, and its operations by their names. */
interface WrittenDocument extends Written {
  /** Other variables of the same document; undefined if it has none. */
  readonly otherVariables: Written['variables'] | undefined;
  readonly operations: readonly { readonly name: string | undefined; readonly type: Operation['type'] }[];
}

/** Writes a document down. One operation alone needs no name. */
export function writeWhole({ operations, isNamed, fragmentsFirst }: Document): WrittenDocument {
  const writer = new Writer(false);
  const named = operations.map(({ type, ...operation }, index) => {
    const name = isNamed || operations.length > 1 ? `Generated${index}` : undefined;
    return { name, type, text: writer.operation({ type, ...operation }, name) };
  });
  const texts = named.map(({ text }) => text);
  const parts = fragmentsFirst ? [writer.fragments, texts] : [texts, writer.fragments];
  const { variables, otherVariables, hasVariables } = writer;
  return {
    document: parts.flat().join('\n'),
    variables,
    otherVariables: hasVariables ? otherVariables : undefined,
    operations: named,
  };
}

/** A fragment that has a name, with what is in it. */
interface NamedFragment {
  readonly name: string;
  readonly selection: FragmentSelection;
  isWritten: boolean;
}

class Writer {
  readonly variables: Record<string, unknown> = {};
  readonly otherVariables: Record<string, unknown> = {};
  readonly fragments: string[] = [];
  readonly #plainly: boolean;
  readonly #aliases = new Map<Selection, string>();
  #definitions: string[] = [];
  #named = new Map<string, NamedFragment>();
  #variableCount = 0;
  #fragmentCount = 0;

  constructor(plainly: boolean) {
    this.#plainly = plainly;
  }

  get hasVariables(): boolean {
    return this.#variableCount > 0;
  }

  operation({ type, selections }: Operation, name: string | undefined): string {
    this.#definitions = [];
    // A fragment's variables belong to one operation.
    this.#named = new Map();
    const body = this.#set(selections);
    const header = this.#definitions.length > 0 ? `(${this.#definitions.join(', ')})` : '';
    if (name === undefined && type === 'query' && header === '') return body.trim();
    return `${type}${name === undefined ? '' : ` ${name}`}${header}${body}`;
  }

  #set(selections: readonly Selection[]): string {
    if (selections.length === 0) return '';
    // The second halves come last, so that fields of one key stand apart.
    const rest: string[] = [];
    const written = selections.map((selection) =>
      selection.kind === 'field' ? this.#field(selection, rest) : this.#fragment(selection),
    );
    return ` { ${[...written, ...rest].join(' ')} }`;
  }

  #field(field: FieldSelection, rest: string[]): string {
    const { name, args, below, isSplit } = field;
    const written = args.flatMap((one) => this.#argument(one));
    const head = `${this.#aliasOf(field)}${name}${written.length > 0 ? `(${written.join(', ')})` : ''}${this.#conditions(field)}`;
    if (!isSplit) return `${head}${this.#set(below)}`;
    const half = Math.ceil(below.length / 2);
    rest.push(`${head}${this.#set(below.slice(-half))}`);
    return `${head}${this.#set(below.slice(0, half))}`;
  }

  /** Fields of one key would have to have the same arguments. Without arguments, they merge. */
  #aliasOf(field: FieldSelection): string {
    if (field.specialKey !== undefined) return `${field.specialKey}: `;
    if (!field.isAliased && field.args.length === 0) return '';
    const alias = this.#aliases.get(field) ?? `f${this.#aliases.size + 1}`;
    this.#aliases.set(field, alias);
    return `${alias}: `;
  }

  #fragment(selection: FragmentSelection): string {
    const conditions = this.#conditions(selection);
    if (selection.kind === 'inline') {
      const on = selection.isShort && !this.#plainly ? '' : ` on ${selection.on}`;
      return `...${on}${conditions}${this.#set(selection.below)}`;
    }
    const known = selection.isShort ? this.#named.get(selection.on) : undefined;
    // A fragment that is being written would contain itself.
    const fragment = known?.isWritten ? known : this.#nameFragment(selection);
    if (this.#plainly) {
      const set = this.#set(fragment.selection.below);
      fragment.isWritten = true;
      return `... on ${selection.on}${conditions}${set}`;
    }
    if (!fragment.isWritten) {
      this.fragments.push(`fragment ${fragment.name} on ${selection.on}${this.#set(selection.below)}`);
      fragment.isWritten = true;
    }
    return `...${fragment.name}${conditions}`;
  }

  #nameFragment(selection: FragmentSelection): NamedFragment {
    const fragment = { name: `F${this.#fragmentCount}`, selection, isWritten: false };
    this.#fragmentCount += 1;
    if (!this.#named.get(selection.on)?.isWritten) this.#named.set(selection.on, fragment);
    return fragment;
  }

  #conditions({ conditions }: Selection): string {
    return conditions
      .map(({ directive, holds, by }) => ` @${directive}(if: ${this.#condition(holds, by)})`)
      .join('');
  }

  #condition(holds: boolean, by: 'literal' | 'variable' | 'default'): string {
    if (this.#plainly || by === 'literal') return String(holds);
    return by === 'variable'
      ? this.#variable('Boolean!', [holds, !holds])
      : this.#variable('Boolean', [undefined, !holds], String(holds));
  }

  #argument({ argument, value, by, other }: Given): string[] {
    const { name, type } = argument;
    if (by === 'nothing')
      return this.#plainly ? [] : [`${name}: ${this.#variable(String(type), [undefined, other])}`];
    if (this.#plainly || by === 'literal') return [`${name}: ${toLiteral(type, value)}`];
    return [`${name}: ${this.#valueBy(by, type, value, other)}`];
  }

  #valueBy(
    by: 'variable' | 'parts' | 'default' | 'overridden',
    type: GraphQLInputType,
    value: unknown,
    other: unknown,
  ): string {
    // With a default, a variable of a type that allows null fits as well.
    const loose = String(getNullableType(type));
    switch (by) {
      case 'variable':
        return this.#variable(String(type), [value, other]);
      case 'parts':
        return this.#parts(type, value);
      case 'default':
        return this.#variable(loose, [undefined, other], toLiteral(type, value));
      case 'overridden':
        return this.#variable(loose, [value, undefined], toLiteral(type, other));
    }
  }

  #parts(type: GraphQLInputType, value: unknown): string {
    const nullable = getNullableType(type);
    if (isListType(nullable) && Array.isArray(value)) {
      return `[${value.map((item) => this.#parts(nullable.ofType, item)).join(', ')}]`;
    }
    if (isInputObjectType(nullable) && typeof value === 'object' && value !== null) {
      const fields = nullable.getFields();
      return `{ ${Object.entries(value)
        .map(([name, one]) => `${name}: ${fields[name] ? this.#parts(fields[name].type, one) : 'null'}`)
        .join(', ')} }`;
    }
    return this.#variable(String(type), [value, value]);
  }

  /** Its reference. An unsent variable has the value undefined. */
  #variable(type: string, [value, other]: [value: unknown, other: unknown], defaultValue?: string): string {
    const name = `v${this.#variableCount}`;
    this.#variableCount += 1;
    this.#definitions.push(`$${name}: ${type}${defaultValue === undefined ? '' : ` = ${defaultValue}`}`);
    if (value !== undefined) this.variables[name] = value;
    if (other !== undefined) this.otherVariables[name] = other;
    return `$${name}`;
  }
}

function toLiteral(type: GraphQLInputType | undefined, value: unknown): string {
  const nullable = type && getNullableType(type);
  const ofItem = isListType(nullable) ? nullable.ofType : nullable;
  if (Array.isArray(value)) return `[${value.map((item) => toLiteral(ofItem, item)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = isInputObjectType(ofItem) ? ofItem.getFields() : {};
    const members = Object.entries(value).map(([key, one]) => `${key}: ${toLiteral(fields[key]?.type, one)}`);
    return `{ ${members.join(', ')} }`;
  }
  return typeof value === 'string' && isEnumType(ofItem) ? value : JSON.stringify(value);
}
