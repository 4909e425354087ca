import {
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  parseConstValue,
  print,
  type TypeNode,
  visit,
} from 'graphql';
import { DIRECTIVES } from '../src/features/federation/subgraph-sdl.ts';

/** Fields that may return no object without an error: a user without a key, no blacklisting, no history. */
const NULL_IS_A_VALUE: readonly string[] = ['Script.onlineHistory', 'Session.user', 'User.blacklist'];

const SEMANTIC_NON_NULL = `
  """
  For clients that throw at errors: the field is null only with an error. Level 0 is the field, level 1 each item of its list.
  """
  directive @semanticNonNull(levels: [Int] = [0]) on FIELD_DEFINITION
`;

/** The SDL of the subgraph for Relay's compiler, which refuses directives that it finds no definition of. */
export function relaySdl(subgraph: string): string {
  const { definitions } = parse(`${SEMANTIC_NON_NULL} ${subgraph}`, { noLocation: true });
  const objects = definitions.flatMap((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION ? node.name.value : [],
  );
  const document = visit(
    { kind: Kind.DOCUMENT, definitions },
    {
      SchemaExtension: () => null,
      Directive: ({ name }) => (DIRECTIVES.includes(`@${name.value}`) ? null : undefined),
      ObjectTypeDefinition: {
        leave: ({ name, fields = [], ...type }) => ({
          ...type,
          name,
          fields: fields.map((field) =>
            objects.includes(nameOf(field.type)) &&
            !NULL_IS_A_VALUE.includes(`${name.value}.${field.name.value}`)
              ? nullOnlyWithError(field)
              : field,
          ),
        }),
      },
    },
  );
  return print(document);
}

function nullOnlyWithError(field: FieldDefinitionNode): FieldDefinitionNode {
  const levels = nullableLevels(field.type);
  if (levels.length === 0) return field;
  const mark: ConstDirectiveNode = {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: 'semanticNonNull' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'levels' },
        value: parseConstValue(`[${levels.join(', ')}]`, { noLocation: true }),
      },
    ],
  };
  return { ...field, directives: [...(field.directives ?? []), mark] };
}

/** The levels at which a type may be null: 0 is the type itself, 1 the items of its list. */
function nullableLevels(type: TypeNode, level = 0): number[] {
  const isRequired = type.kind === Kind.NON_NULL_TYPE;
  const inner = isRequired ? type.type : type;
  const below = inner.kind === Kind.LIST_TYPE ? nullableLevels(inner.type, level + 1) : [];
  return isRequired ? below : [level, ...below];
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
